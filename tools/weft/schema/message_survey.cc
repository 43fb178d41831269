#include "tools/weft/schema/message_survey.h"

#include <string>

#include "weft/codec/schema/tables.h"
#include "weft/codec/schema/wire.h"

namespace weft::cli {
namespace {

using codec::FieldKind;
using codec::FieldTable;
using codec::MessageTable;
using codec::WireReader;
using codec::WireType;

class Surveyor {
 public:
  /// `table` is null for a message that nobody knows: a group.
  bool message(const MessageTable* table, std::string_view bytes, int depth) {
    too_deep_ = depth > kMaxMessageDepth;
    if (too_deep_) return false;
    ++found_.messages;
    for (WireReader reader(bytes); !reader.at_end();) {
      std::uint32_t number = 0;
      WireType wire{};
      if (!reader.tag(number, wire)) return false;
      const FieldTable* const field = table == nullptr ? nullptr : table->by_number(number);
      if (!value(field, number, wire, reader, depth)) return false;
    }
    return true;
  }

  const MessageSurvey& found() const noexcept { return found_; }
  bool too_deep() const noexcept { return too_deep_; }

 private:
  bool value(const FieldTable* field, std::uint32_t number, WireType wire, WireReader& reader,
             int depth) {
    std::string_view bytes;
    ++found_.values;
    if (wire == WireType::BeginGroup) {
      return reader.group(number, bytes) && message(nullptr, bytes, depth + 1);
    }
    if (wire != WireType::Bytes) return reader.skip(number, wire);
    if (!reader.sized(bytes)) return false;
    if (field == nullptr) return true;
    if (field->kind == FieldKind::Message) return message(&field->message(), bytes, depth + 1);
    if (!field->repeated || !codec::is_packable(field->kind)) return true;
    return elements(*field, bytes);
  }

  /// A packed field.
  bool elements(const FieldTable& field, std::string_view bytes) {
    if (!bytes.empty()) --found_.values;
    for (WireReader reader(bytes); !reader.at_end(); ++found_.values) {
      if (!reader.skip(field.number, field.wire)) return false;
    }
    return true;
  }

  MessageSurvey found_;
  bool too_deep_ = false;
};

}  // namespace

Result<MessageSurvey> survey_message(const google::protobuf::Descriptor& type,
                                     std::string_view bytes) {
  Surveyor surveyor;
  const codec::Tables& known = codec::Tables::generated();
  const codec::Tables once;
  const codec::Tables& tables = known.may_keep(type) ? known : once;
  if (surveyor.message(&tables.of(type), bytes, 1)) return surveyor.found();
  const std::string what = "a message of " + std::to_string(bytes.size()) + " bytes";
  if (surveyor.too_deep()) {
    return resource_exhausted(what + " has messages nested deeper than " +
                              std::to_string(kMaxMessageDepth) + " levels, the limit");
  }
  return internal_error(what + " is not a message of type " + type.full_name());
}

}  // namespace weft::cli
