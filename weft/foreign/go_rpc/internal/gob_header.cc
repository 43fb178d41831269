#include "weft/foreign/go_rpc/internal/gob_header.h"

#include "weft/foreign/gob/value_reader.h"

namespace weft::foreign {
namespace {

constexpr int kMostDepth = 100;
constexpr std::int64_t kString = static_cast<std::int64_t>(GobBuiltin::String);
constexpr std::int64_t kUint = static_cast<std::int64_t>(GobBuiltin::Uint);

constexpr ValueWriter::PlainField kRequest[] = {{"ServiceMethod", kString}, {"Seq", kUint}};
constexpr ValueWriter::PlainField kResponse[] = {
    {"ServiceMethod", kString}, {"Seq", kUint}, {"Error", kString}};

Status broken() { return invalid_argument("a header of Go's net/rpc is broken"); }

bool read_field(const GobType::Field& field, const PeerTypes& types, GobReader& from,
                GobHeader& out) {
  std::string_view text;
  if (field.name == "Seq" && field.type == kUint) return from.unsigned_integer(out.sequence);
  if (field.type == kString && (field.name == "ServiceMethod" || field.name == "Error")) {
    if (!from.bytes(text)) return false;
    (field.name == "Error" ? out.error : out.method) = text;
    return true;
  }
  return ValueReader(types, kMostDepth).skip(field.type, from);
}

/// Fields that have their zero are left out.
void put_header(std::int64_t type, const GobHeader& header, std::string& out) {
  std::string text;
  put_gob_integer(type, text);
  std::uint64_t delta = 1;
  const auto begin_field = [&](bool there) {
    if (there) put_gob_unsigned(delta, text);
    delta = there ? 1 : delta + 1;
    return there;
  };
  if (begin_field(!header.method.empty())) put_gob_bytes(header.method, text);
  if (begin_field(header.sequence != 0)) put_gob_unsigned(header.sequence, text);
  if (begin_field(!header.error.empty())) put_gob_bytes(header.error, text);
  text += '\0';
  put_gob_message(text, out);
}

}  // namespace

Status read_gob_header(const PeerTypes& types, const GobStream::Value& value, GobHeader& out) {
  out = {};
  const GobType* const type = types.find(value.type);
  if (type == nullptr || type->kind != GobType::Kind::Struct) return broken();
  GobReader from(value.content);
  bool over = false;
  for (std::int64_t number = -1; from.next_field(number, over);) {
    if (over) return from.at_end() ? Status() : broken();
    if (number >= static_cast<std::int64_t>(type->fields.size())) break;
    if (!read_field(type->fields[static_cast<std::size_t>(number)], types, from, out)) break;
  }
  return broken();
}

GobStream::Next GobPairs::next(GobStream::Value& value) {
  while (error_.ok()) {
    const GobStream::Next next = stream_.next(value);
    if (next == GobStream::Next::NeedMore) return next;
    if (next == GobStream::Next::Broken) {
      error_ = stream_.error();
    } else if (std::exchange(has_header_, !has_header_)) {
      return next;
    } else {
      error_ = read_gob_header(stream_.types(), value, header_);
    }
  }
  return GobStream::Next::Broken;
}

void put_gob_request(const GobHeader& header, ValueWriter& writer, std::string& out) {
  put_header(writer.plain_struct("Request", kRequest, out), header, out);
}

void put_gob_response(const GobHeader& header, ValueWriter& writer, std::string& out) {
  put_header(writer.plain_struct("Response", kResponse, out), header, out);
}

void put_gob_no_result(std::string& out) {
  std::string text;
  put_gob_integer(static_cast<std::int64_t>(GobBuiltin::Bool), text);
  text.append(2, '\0');
  put_gob_message(text, out);
}

}  // namespace weft::foreign
