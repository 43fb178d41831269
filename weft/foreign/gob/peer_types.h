#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "weft/base/status.h"
#include "weft/foreign/gob/gob_bytes.h"

namespace weft::foreign {

/// A type of a peer's.
struct GobType {
  enum class Kind : std::uint8_t {
    Bool,
    Int,
    Uint,
    Float,
    Bytes,
    String,
    Complex,
    Interface,
    List,  ///< an array or a slice
    Struct,
    Map,
    Opaque,  ///< what a type encodes by itself: time.Time and others
  };
  struct Field {
    std::string name;
    std::int64_t type = 0;
  };
  Kind kind = Kind::Bool;
  std::string name;          ///< for errors, printable: "int", "main.Args"
  std::int64_t key = 0;      ///< of a map
  std::int64_t element = 0;  ///< of a list or a map
  std::vector<Field> fields;
};

/// The types that a peer has defined on a connection, within limits.
class PeerTypes {
 public:
  static constexpr std::size_t kMostTypes = 1000;
  static constexpr std::size_t kMostBytes = std::size_t{256} * 1024;
  /// Bytes of a name, which errors repeat.
  static constexpr std::size_t kLongestName = 1024;

  /// `definition` is a wireType. INVALID_ARGUMENT or RESOURCE_EXHAUSTED with what is wrong.
  Status define(std::int64_t id, GobReader definition);
  /// Null where there is no such type.
  const GobType* find(std::int64_t id) const noexcept;
  /// Bytes of memory that are kept.
  std::size_t memory() const noexcept { return memory_; }

 private:
  std::unordered_map<std::int64_t, GobType> types_;
  std::size_t bytes_ = 0;  // of definitions
  std::size_t memory_ = 0;
};

}  // namespace weft::foreign
