#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft::http1 {

/// A field of a message (RFC 9110 section 5); its name in lower case.
struct Field {
  std::string name;
  std::string value;
  friend bool operator==(const Field&, const Field&) = default;
};

/// The fields of a message in their order. Names are looked up in any case. What may be sent is
/// checked when it is sent.
class Fields {
 public:
  Fields() = default;

  /// Adds a field, beside others of its name.
  void add(std::string_view name, std::string_view value);
  /// Takes the place of all fields of its name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  /// The first value; empty where there is none.
  std::string_view get(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept;
  /// The values of all fields of that name, joined by ", " (RFC 9110 section 5.3).
  std::string joined(std::string_view name) const;

  std::size_t size() const noexcept { return fields_.size(); }
  bool empty() const noexcept { return fields_.empty(); }
  void reserve(std::size_t size) { fields_.reserve(size); }
  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

}  // namespace weft::http1
