#include "tools/weft/json/json_members.h"

#include "weft/base/text/json_text.h"
#include "weft/base/text/number_text.h"

namespace weft::cli {
namespace {

std::string number(double value) { return number_text(value, 3); }

}  // namespace

JsonMembers& JsonMembers::add_json(std::string_view name, std::string_view json) {
  if (!text_.empty()) text_ += ',';
  text_.append(json_quoted(name)).append(":").append(json);
  return *this;
}

JsonMembers& JsonMembers::add(std::string_view name, std::string_view value) {
  return add_json(name, json_quoted(value));
}

JsonMembers& JsonMembers::add(std::string_view name, std::int64_t value) {
  return add_json(name, std::to_string(value));
}

JsonMembers& JsonMembers::add_bool(std::string_view name, bool value) {
  return add_json(name, value ? "true" : "false");
}

JsonMembers& JsonMembers::add_number(std::string_view name, double value) {
  return add_json(name, number(value));
}

JsonMembers& JsonMembers::add(std::string_view name, const std::vector<std::string>& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const std::string& value : values) texts.push_back(json_quoted(value));
  return add_json(name, json_array(texts));
}

JsonMembers& JsonMembers::append(const JsonMembers& other) {
  if (!text_.empty() && !other.text_.empty()) text_ += ',';
  text_ += other.text_;
  return *this;
}

std::string json_array(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& value : values) {
    if (out.size() > 1) out += ',';
    out += value;
  }
  return out + "]";
}

}  // namespace weft::cli
