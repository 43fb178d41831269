#include "weft/foreign/gob/peer_types.h"

#include <algorithm>
#include <array>
#include <utility>

#include "weft/base/text/printable.h"

namespace weft::foreign {
namespace {

using Kind = GobType::Kind;

/// Names and ids of types and fields, which every wire type begins with.
bool read_name_and_id(GobReader& from, std::string& name, std::int64_t& id) {
  bool over = false;
  for (std::int64_t field = -1; from.next_field(field, over);) {
    if (over) return true;
    std::string_view text;
    const bool read = field == 0 ? from.bytes(text) : field == 1 && from.integer(id);
    if (!read) return false;
    if (field == 0) name = text;
  }
  return false;
}

/// A field without a name or a type is none; Go's encoder leaves out neither.
bool read_fields(GobReader& from, std::vector<GobType::Field>& fields) {
  std::uint64_t count = 0;
  if (!from.unsigned_integer(count) || count > from.left()) return false;
  for (; count > 0; --count) {
    GobType::Field& field = fields.emplace_back();
    if (!read_name_and_id(from, field.name, field.type)) return false;
    if (field.name.empty() || field.type == 0) return false;
  }
  fields.shrink_to_fit();
  return true;
}

/// The fields of an arrayType, a sliceType, a structType, a mapType or what a type encodes by
/// itself.
bool read_body(GobReader& from, std::int64_t form, GobType& type) {
  constexpr std::array kKinds = {Kind::List,   Kind::List,   Kind::Struct, Kind::Map,
                                 Kind::Opaque, Kind::Opaque, Kind::Opaque};
  if (form < 0 || form >= static_cast<std::int64_t>(kKinds.size())) return false;
  type.kind = kKinds[static_cast<std::size_t>(form)];
  bool over = false;
  for (std::int64_t field = -1; from.next_field(field, over);) {
    if (over) return true;
    std::int64_t ignored = 0;
    bool read = false;
    if (field == 0) {
      read = read_name_and_id(from, type.name, ignored);
    } else if (type.kind == Kind::Struct) {
      read = field == 1 && read_fields(from, type.fields);
    } else if (type.kind == Kind::Map) {
      read = field <= 2 && from.integer(field == 1 ? type.key : type.element);
    } else if (type.kind == Kind::List) {
      read = field <= 2 && from.integer(field == 1 ? type.element : ignored);
    }
    if (!read) return false;
  }
  return false;
}

bool read_definition(GobReader& from, GobType& type) {
  bool over = false;
  std::int64_t form = -1;
  if (!from.next_field(form, over) || over || !read_body(from, form, type)) return false;
  return from.next_field(form, over) && over && from.at_end();
}

/// The longest name in a type.
std::size_t longest_name(const GobType& type) {
  std::size_t longest = type.name.size();
  for (const GobType::Field& field : type.fields) longest = std::max(longest, field.name.size());
  return longest;
}

std::size_t memory_of(const GobType& type) {
  // Beside the type: its place in the table.
  constexpr std::size_t kPlace = 4 * sizeof(void*);
  std::size_t memory = sizeof(type) + kPlace + type.name.capacity();
  for (const GobType::Field& field : type.fields) memory += sizeof(field) + field.name.capacity();
  return memory;
}

const std::array<GobType, 8>& builtins() {
  static const std::array<GobType, 8> kBuiltins = {
      GobType{Kind::Bool, "bool", 0, 0, {}},       GobType{Kind::Int, "int", 0, 0, {}},
      GobType{Kind::Uint, "uint", 0, 0, {}},       GobType{Kind::Float, "float", 0, 0, {}},
      GobType{Kind::Bytes, "[]byte", 0, 0, {}},    GobType{Kind::String, "string", 0, 0, {}},
      GobType{Kind::Complex, "complex", 0, 0, {}}, GobType{Kind::Interface, "interface", 0, 0, {}}};
  return kBuiltins;
}

}  // namespace

Status PeerTypes::define(std::int64_t id, GobReader definition) {
  bytes_ += definition.left();
  if (types_.size() >= kMostTypes || bytes_ > kMostBytes) {
    return resource_exhausted("more than " + std::to_string(kMostTypes) + " types or " +
                              std::to_string(kMostBytes) +
                              " bytes of them on a connection, which are the limits");
  }
  GobType type;
  if (id < kFirstGobType - 1 || !read_definition(definition, type)) {
    return invalid_argument("the definition of the gob type " + std::to_string(id) + " is broken");
  }
  if (const std::size_t longest = longest_name(type); longest > kLongestName) {
    return invalid_argument("the gob type " + std::to_string(id) + " has a name of " +
                            std::to_string(longest) + " bytes, and the limit is " +
                            std::to_string(kLongestName));
  }
  type.name = printable(type.name);
  memory_ += memory_of(type);
  if (!types_.try_emplace(id, std::move(type)).second) {
    return invalid_argument("the gob type " + std::to_string(id) + " is defined twice");
  }
  return {};
}

const GobType* PeerTypes::find(std::int64_t id) const noexcept {
  if (id >= 1 && id <= static_cast<std::int64_t>(builtins().size())) {
    return &builtins()[static_cast<std::size_t>(id - 1)];
  }
  const auto found = types_.find(id);
  return found == types_.end() ? nullptr : &found->second;
}

}  // namespace weft::foreign
