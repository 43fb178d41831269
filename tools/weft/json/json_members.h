#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/text/json_text.h"  // IWYU pragma: export

namespace weft::cli {

/// Members of a JSON object, in the order they were added.
class JsonMembers {
 public:
  JsonMembers& add(std::string_view name, std::string_view value);
  JsonMembers& add(std::string_view name, std::int64_t value);
  JsonMembers& add_bool(std::string_view name, bool value);
  JsonMembers& add_number(std::string_view name, double value);
  JsonMembers& add(std::string_view name, const std::vector<std::string>& values);
  /// `json` is a JSON value already.
  JsonMembers& add_json(std::string_view name, std::string_view json);
  JsonMembers& append(const JsonMembers& other);
  std::string object() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

/// "[a,b]" of JSON values.
std::string json_array(const std::vector<std::string>& values);

}  // namespace weft::cli
