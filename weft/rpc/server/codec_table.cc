#include "weft/rpc/server/codec_table.h"

#include <utility>

#include "weft/base/text/ascii.h"

namespace weft::rpc {

Status CodecTable::add(std::shared_ptr<const Codec> codec) {
  if (codec == nullptr) return invalid_argument("Server::add: the codec is a null pointer");
  const std::string name(codec->name());
  if (Status valid = codec::check_name(name); !valid.ok()) return valid.with_prefix("Server::add");
  if (find(name) != nullptr) return already_exists("codec '" + name + "' was added twice");
  served_.push_back({std::move(codec), "application/grpc+" + name});
  return {};
}

const CodecTable::Served* CodecTable::find(std::string_view subtype) const noexcept {
  for (const Served& served : served_) {
    if (ascii::equal_without_case(served.codec->name(), subtype)) return &served;
  }
  return nullptr;
}

Status CodecTable::not_served(std::string_view content_type) const {
  std::string message("content-type ");
  message.append(content_type.substr(0, 96));
  message.append(" is not served; served are application/grpc, application/grpc+proto");
  for (const Served& served : served_) message.append(", ").append(served.content_type);
  return unimplemented(message);
}

}  // namespace weft::rpc
