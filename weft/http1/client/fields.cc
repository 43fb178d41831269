#include "weft/http1/client/fields.h"

#include <algorithm>
#include <utility>

#include "weft/base/text/ascii.h"

namespace weft::http1 {
namespace {

auto named(std::string_view name) {
  return [name](const Field& field) { return ascii::equal_without_case(field.name, name); };
}

}  // namespace

void Fields::add(std::string_view name, std::string_view value) {
  fields_.push_back({.name = ascii::lower(std::string(name)), .value = std::string(value)});
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Fields::remove(std::string_view name) { std::erase_if(fields_, named(name)); }

std::string_view Fields::get(std::string_view name) const noexcept {
  const auto found = std::find_if(fields_.begin(), fields_.end(), named(name));
  return found == fields_.end() ? std::string_view() : std::string_view(found->value);
}

bool Fields::has(std::string_view name) const noexcept {
  return std::any_of(fields_.begin(), fields_.end(), named(name));
}

std::string Fields::joined(std::string_view name) const {
  std::string out;
  bool is_first = true;
  for (const Field& field : fields_) {
    if (!ascii::equal_without_case(field.name, name)) continue;
    if (!std::exchange(is_first, false)) out += ", ";
    out += field.value;
  }
  return out;
}

}  // namespace weft::http1
