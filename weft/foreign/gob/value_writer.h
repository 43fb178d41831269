#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "weft/base/status.h"
#include "weft/codec/schema/message_table.h"
#include "weft/foreign/gob/gob_bytes.h"

namespace weft::foreign {

/// Writes messages as gob values, with the definitions of types that the peer does not have yet. Of
/// one connection. A message is a struct with all of its fields in the order of their declaration,
/// whose names begin in upper case as Go's have to: `unit_price` is `UnitPrice`.
class ValueWriter {
 public:
  /// Appends a message of the type of `table`, in protobuf's encoding, as definitions and a value.
  /// Not OK where it has no gob: `out` may have definitions then, which count as sent.
  Status message(const codec::MessageTable& table, std::string_view bytes, std::string& out);

  /// The id of a struct of plain fields; appends its definition where the peer does not have it.
  struct PlainField {
    std::string_view name;
    std::int64_t type;
  };
  template <std::size_t N>
  std::int64_t plain_struct(std::string_view name, const PlainField (&fields)[N],
                            std::string& out) {
    const auto known = named_.find(name);
    return known != named_.end() ? known->second : define_plain(name, fields, N, out);
  }

 private:
  std::int64_t define_plain(std::string_view name, const PlainField* fields, std::size_t count,
                            std::string& out);
  std::int64_t type_of(const codec::MessageTable& table, std::string& out);
  std::int64_t type_of(const codec::FieldTable& field, std::string& out);
  std::int64_t type_of_single(const codec::FieldTable& field, std::string& out);
  std::int64_t list_of(std::int64_t element, std::string& out);
  std::int64_t map_of(std::int64_t key, std::int64_t element, std::string& out);
  std::int64_t time(std::string& out);
  std::int64_t struct_of(const codec::MessageTable& table, std::string& out);
  std::int64_t named(std::string name) {
    named_.emplace(std::move(name), next_);
    return next_++;
  }

  std::unordered_map<const codec::MessageTable*, std::int64_t> structs_;
  std::map<std::string, std::int64_t, std::less<>> named_;
  std::int64_t next_ = kFirstGobType;
};

}  // namespace weft::foreign
