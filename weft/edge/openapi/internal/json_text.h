#pragma once

#include <string>
#include <string_view>

#include "weft/base/text/json_text.h"

namespace weft::edge::api {

/// JSON as it is written, with its commas.
class JsonText {
 public:
  JsonText& open(char bracket) { return raw({&bracket, 1}); }
  JsonText& close(char bracket) {
    text_ += bracket;
    return *this;
  }
  JsonText& key(std::string_view name) {
    text(name);
    text_ += ':';
    return *this;
  }
  /// A string.
  JsonText& text(std::string_view value) {
    separate();
    append_json_string(text_, value);
    return *this;
  }
  /// A value that is JSON.
  JsonText& raw(std::string_view json) {
    separate();
    text_ += json;
    return *this;
  }
  JsonText& member(std::string_view name, std::string_view value) { return key(name).text(value); }
  /// Not where the value is empty.
  JsonText& described(std::string_view value) {
    return value.empty() ? *this : member("description", value);
  }
  JsonText& ref(std::string_view kind, std::string_view name) {
    return open('{')
        .member("$ref", "#/components/" + std::string(kind) + "/" + std::string(name))
        .close('}');
  }

  std::size_t size() const noexcept { return text_.size(); }
  const std::string& view() const noexcept { return text_; }

 private:
  void separate() {
    constexpr std::string_view kBefore = "{[:";
    if (!text_.empty() && kBefore.find(text_.back()) == std::string_view::npos) text_ += ',';
  }

  std::string text_;
};

}  // namespace weft::edge::api
