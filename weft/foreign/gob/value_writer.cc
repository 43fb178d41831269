#include "weft/foreign/gob/value_writer.h"

#include <limits>
#include <memory>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "weft/base/text/ascii.h"
#include "weft/codec/schema/time.h"

namespace weft::foreign {
namespace {

namespace pb = google::protobuf;
using codec::FieldKind;
using codec::FieldTable;
using codec::MessageTable;
using codec::WellKnown;

// Fields of a wireType (type.go).
constexpr int kSlice = 1;
constexpr int kStruct = 2;
constexpr int kMap = 3;
constexpr int kGobEncoder = 4;

constexpr std::int64_t id_of(GobBuiltin type) noexcept { return static_cast<std::int64_t>(type); }

std::int64_t builtin_of(FieldKind kind) noexcept {
  switch (kind) {
    case FieldKind::Bool:
      return id_of(GobBuiltin::Bool);
    case FieldKind::Double:
    case FieldKind::Float:
      return id_of(GobBuiltin::Float);
    case FieldKind::String:
      return id_of(GobBuiltin::String);
    case FieldKind::Bytes:
      return id_of(GobBuiltin::Bytes);
    case FieldKind::UInt32:
    case FieldKind::UInt64:
    case FieldKind::Fixed32:
    case FieldKind::Fixed64:
      return id_of(GobBuiltin::Uint);
    default:
      return id_of(GobBuiltin::Int);
  }
}

std::string go_name(const FieldTable& field) {
  std::string name(field.json_name);
  name.front() = ascii::upper(name.front());
  return name;
}

/// A definition: `form` is the field of the wireType, `body` its fields behind the common ones.
void put_definition(std::int64_t id, int form, std::string_view name, std::string_view body,
                    std::string& out) {
  std::string text;
  put_gob_integer(-id, text);
  put_gob_unsigned(static_cast<std::uint64_t>(form + 1), text);
  put_gob_unsigned(1, text);  // CommonType, with a name and an id
  if (!name.empty()) {
    put_gob_unsigned(1, text);
    put_gob_bytes(name, text);
  }
  put_gob_unsigned(name.empty() ? 2 : 1, text);
  put_gob_integer(id, text);
  text += '\0';
  text.append(body);
  text.append(2, '\0');  // the form's end, and the wireType's
  put_gob_message(text, out);
}

void put_field_type(std::string_view name, std::int64_t type, std::string& body) {
  put_gob_unsigned(1, body);
  put_gob_bytes(name, body);
  put_gob_unsigned(1, body);
  put_gob_integer(type, body);
  body += '\0';
}

// ---- Values ------------------------------------------------------------------------------------

/// Writes the values of one message by its reflection.
class Values {
 public:
  explicit Values(std::string& out) noexcept : out_(out) {}

  void message(const pb::Message& message, const MessageTable& table) {
    switch (table.well_known()) {
      case WellKnown::Wrapper:
        return single(message, table.field(0));
      case WellKnown::Timestamp:
        return time(message);
      case WellKnown::Duration:
        return duration(message);
      default:
        return structure(message, table);
    }
  }
  /// What has no gob.
  const std::string& fault() const noexcept { return fault_; }

 private:
  void structure(const pb::Message& message, const MessageTable& table) {
    const pb::Reflection& reflection = *message.GetReflection();
    std::uint32_t before = 0;
    for (std::uint32_t i = 0; i < table.size(); ++i) {
      const FieldTable& field = table.field(i);
      const bool there = field.repeated ? reflection.FieldSize(message, field.descriptor) != 0
                                        : reflection.HasField(message, field.descriptor);
      if (!there || field.kind == FieldKind::Group) continue;
      put_gob_unsigned(i + 1 - before, out_);
      before = i + 1;
      field.repeated ? repeated(message, field) : single(message, field);
    }
    out_ += '\0';
  }

  void repeated(const pb::Message& message, const FieldTable& field) {
    const pb::Reflection& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, field.descriptor);
    put_gob_unsigned(static_cast<std::uint64_t>(size), out_);
    for (int i = 0; i < size; ++i) {
      if (!field.map) {
        element(message, field, i);
        continue;
      }
      const pb::Message& entry = reflection.GetRepeatedMessage(message, field.descriptor, i);
      single(entry, field.message().field(0));
      single(entry, field.message().field(1));
    }
  }

  void single(const pb::Message& message, const FieldTable& field) {
    const pb::Reflection& of = *message.GetReflection();
    const pb::FieldDescriptor* const f = field.descriptor;
    std::string scratch;
    switch (f->cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return put_gob_integer(of.GetInt32(message, f), out_);
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return put_gob_integer(of.GetInt64(message, f), out_);
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return put_gob_unsigned(of.GetUInt32(message, f), out_);
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return put_gob_unsigned(of.GetUInt64(message, f), out_);
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return put_gob_floating(of.GetDouble(message, f), out_);
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
        return put_gob_floating(static_cast<double>(of.GetFloat(message, f)), out_);
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return put_gob_unsigned(of.GetBool(message, f) ? 1 : 0, out_);
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return put_gob_integer(of.GetEnumValue(message, f), out_);
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return put_gob_bytes(of.GetStringReference(message, f, &scratch), out_);
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        return this->message(of.GetMessage(message, f), field.message());
    }
  }

  void element(const pb::Message& message, const FieldTable& field, int i) {
    const pb::Reflection& of = *message.GetReflection();
    const pb::FieldDescriptor* const f = field.descriptor;
    std::string scratch;
    switch (f->cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return put_gob_integer(of.GetRepeatedInt32(message, f, i), out_);
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return put_gob_integer(of.GetRepeatedInt64(message, f, i), out_);
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return put_gob_unsigned(of.GetRepeatedUInt32(message, f, i), out_);
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return put_gob_unsigned(of.GetRepeatedUInt64(message, f, i), out_);
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return put_gob_floating(of.GetRepeatedDouble(message, f, i), out_);
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
        return put_gob_floating(static_cast<double>(of.GetRepeatedFloat(message, f, i)), out_);
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return put_gob_unsigned(of.GetRepeatedBool(message, f, i) ? 1 : 0, out_);
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return put_gob_integer(of.GetRepeatedEnumValue(message, f, i), out_);
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return put_gob_bytes(of.GetRepeatedStringReference(message, f, i, &scratch), out_);
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        return this->message(of.GetRepeatedMessage(message, f, i), field.message());
    }
  }

  static codec::Seconds seconds_of(const pb::Message& message) {
    const pb::Descriptor& type = *message.GetDescriptor();
    const pb::Reflection& of = *message.GetReflection();
    return {.seconds = of.GetInt64(message, type.FindFieldByNumber(1)),
            .nanos = of.GetInt32(message, type.FindFieldByNumber(2))};
  }

  /// As Go's time.Time does it (time.go, MarshalBinary), in UTC.
  void time(const pb::Message& message) {
    constexpr std::int64_t kUnixEpoch = 62'135'596'800;  // seconds since the year 1
    const codec::Seconds time = seconds_of(message);
    if (!codec::is_in_range(WellKnown::Timestamp, time)) {
      fault_ = codec::out_of_range(WellKnown::Timestamp, time);
    }
    const std::uint64_t seconds =
        static_cast<std::uint64_t>(time.seconds) + static_cast<std::uint64_t>(kUnixEpoch);
    std::string bytes(1, '\1');
    for (int i = 56; i >= 0; i -= 8) bytes += static_cast<char>(seconds >> i);
    const auto nanos = static_cast<std::uint32_t>(time.nanos);
    for (int i = 24; i >= 0; i -= 8) bytes += static_cast<char>(nanos >> i);
    bytes.append(2, '\xff');  // no zone: UTC
    put_gob_bytes(bytes, out_);
  }

  void duration(const pb::Message& message) {
    constexpr std::int64_t kNanos = 1'000'000'000;
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / kNanos - 1;
    const codec::Seconds time = seconds_of(message);
    if (time.seconds > kMost || time.seconds < -kMost) {
      fault_ = "a duration of " + std::to_string(time.seconds) +
               " seconds is beyond Go's time.Duration, which holds 292 years";
      return;
    }
    put_gob_integer(time.seconds * kNanos + time.nanos, out_);
  }

  std::string& out_;
  std::string fault_;
};

bool is_struct(const MessageTable& table) noexcept {
  return table.well_known() != WellKnown::Wrapper && table.well_known() != WellKnown::Timestamp &&
         table.well_known() != WellKnown::Duration;
}

}  // namespace

// ---- Types -------------------------------------------------------------------------------------

std::int64_t ValueWriter::define_plain(std::string_view name, const PlainField* fields,
                                       std::size_t count, std::string& out) {
  const std::int64_t id = named(std::string(name));
  std::string body;
  put_gob_unsigned(1, body);
  put_gob_unsigned(count, body);
  for (std::size_t i = 0; i < count; ++i) put_field_type(fields[i].name, fields[i].type, body);
  put_definition(id, kStruct, name, body, out);
  return id;
}

std::int64_t ValueWriter::type_of(const MessageTable& table, std::string& out) {
  switch (table.well_known()) {
    case WellKnown::Wrapper:
      return builtin_of(table.field(0).kind);
    case WellKnown::Duration:
      return id_of(GobBuiltin::Int);
    case WellKnown::Timestamp:
      return time(out);
    default:
      return struct_of(table, out);
  }
}

std::int64_t ValueWriter::type_of_single(const FieldTable& field, std::string& out) {
  return field.kind == FieldKind::Message || field.kind == FieldKind::Group
             ? type_of(field.message(), out)
             : builtin_of(field.kind);
}

std::int64_t ValueWriter::type_of(const FieldTable& field, std::string& out) {
  if (field.map) {
    const std::int64_t key = type_of_single(field.message().field(0), out);
    return map_of(key, type_of_single(field.message().field(1), out), out);
  }
  const std::int64_t single = type_of_single(field, out);
  return field.repeated ? list_of(single, out) : single;
}

std::int64_t ValueWriter::struct_of(const MessageTable& table, std::string& out) {
  if (const auto known = structs_.find(&table); known != structs_.end()) return known->second;
  // Before those of its fields, which may have it in turn.
  const std::int64_t id = next_++;
  structs_.emplace(&table, id);
  std::string body;
  if (table.size() != 0) {
    put_gob_unsigned(1, body);
    put_gob_unsigned(table.size(), body);
  }
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    put_field_type(go_name(table.field(i)), type_of(table.field(i), out), body);
  }
  put_definition(id, kStruct, table.type().name(), body, out);
  return id;
}

std::int64_t ValueWriter::list_of(std::int64_t element, std::string& out) {
  std::string name = "[]" + std::to_string(element);
  if (const auto known = named_.find(name); known != named_.end()) return known->second;
  const std::int64_t id = named(std::move(name));
  std::string body;
  put_gob_unsigned(1, body);
  put_gob_integer(element, body);
  put_definition(id, kSlice, {}, body, out);
  return id;
}

std::int64_t ValueWriter::map_of(std::int64_t key, std::int64_t element, std::string& out) {
  std::string name = "map[" + std::to_string(key) + "]" + std::to_string(element);
  if (const auto known = named_.find(name); known != named_.end()) return known->second;
  const std::int64_t id = named(std::move(name));
  std::string body;
  put_gob_unsigned(1, body);
  put_gob_integer(key, body);
  put_gob_unsigned(1, body);
  put_gob_integer(element, body);
  put_definition(id, kMap, {}, body, out);
  return id;
}

std::int64_t ValueWriter::time(std::string& out) {
  constexpr std::string_view kName = "Time";
  if (const auto known = named_.find(kName); known != named_.end()) return known->second;
  const std::int64_t id = named(std::string(kName));
  put_definition(id, kGobEncoder, kName, {}, out);
  return id;
}

Status ValueWriter::message(const MessageTable& table, std::string_view bytes, std::string& out) {
  const pb::Message* const prototype =
      pb::MessageFactory::generated_factory()->GetPrototype(&table.type());
  if (prototype == nullptr || bytes.size() > static_cast<std::size_t>(INT32_MAX)) {
    return internal_error("no generated class of " + table.type().full_name());
  }
  const std::unique_ptr<pb::Message> message(prototype->New());
  if (!message->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return internal_error(std::to_string(bytes.size()) + " bytes are no " +
                          table.type().full_name());
  }
  std::string text;
  put_gob_integer(type_of(table, out), text);
  if (!is_struct(table)) text += '\0';
  Values values(text);
  values.message(*message, table);
  if (!values.fault().empty()) return invalid_argument(values.fault());
  put_gob_message(text, out);
  return {};
}

}  // namespace weft::foreign
