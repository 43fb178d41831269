#include "weft/codec/codec.h"

#include <algorithm>
#include <string>

#include "weft/base/fork_mutex.h"
#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"
#include "weft/codec/protobuf.h"

namespace weft {
namespace {

// RFC 6838 section 4.2 allows 127 characters with the type's own "grpc+".
constexpr std::size_t kLongestName = 64;

class ProtobufCodec final : public Codec {
 public:
  std::string_view name() const noexcept override { return "proto"; }
  Result<Message> encode(const google::protobuf::MessageLite& object) const override {
    return codec::message_of(object);
  }
  Status decode(const Message& message, google::protobuf::MessageLite& into) const override {
    return codec::parse(message, into);
  }
};

/// A subset of RFC 6838's restricted names, in small letters: media types are compared without
/// case.
bool may_stand_in_name(char c) noexcept {
  return ascii::is_lower(c) || ascii::is_digit(c) || c == '-' || c == '_' || c == '.';
}

}  // namespace

const Codec& protobuf_codec() noexcept {
  static constinit NeverDestroyed<ProtobufCodec> codec;
  return codec.object;
}

Status codec::check_name(std::string_view name) {
  const auto quoted = [name] {
    return "'" + log_value(name.substr(0, kLongestName)) + "' cannot be the name of a codec: ";
  };
  if (name == "proto") {
    return invalid_argument(quoted() + "it is that of weft's own protobuf");
  }
  if (name.empty() || name.size() > kLongestName ||
      !std::all_of(name.begin(), name.end(), may_stand_in_name)) {
    return invalid_argument(quoted() + "it must be 1 to " + std::to_string(kLongestName) +
                            " of a-z, 0-9, '-', '_' and '.', and has " +
                            std::to_string(name.size()) + " bytes");
  }
  return {};
}

}  // namespace weft
