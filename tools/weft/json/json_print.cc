#include "tools/weft/json/json_print.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace weft::cli {
namespace {

/// Walks over the tokens once and writes them out again.
class Printer {
 public:
  Printer(std::string_view json, JsonLayout layout, const Style& style)
      : json_(json), style_(style), pretty_(layout == JsonLayout::Pretty) {}

  std::string print() {
    while (at_ < json_.size()) token();
    return std::move(out_);
  }

 private:
  void token() {
    const char c = json_[at_];
    if (c == '{' || c == '[') return open(c);
    if (c == '}' || c == ']') return close(c);
    if (c == ',') return put_separator(",");
    if (c == ':') return put_separator(pretty_ ? ": " : ":");
    scalar(c == '"' ? string_end() : word_end());
  }

  void open(char c) {
    out_ += c;
    ++at_;
    // An empty object or array stays on its line.
    const bool empty = at_ < json_.size() && (json_[at_] == '}' || json_[at_] == ']');
    if (empty) {
      out_ += json_[at_++];
      return;
    }
    ++depth_;
    new_line();
  }
  void close(char c) {
    --depth_;
    new_line();
    out_ += c;
    ++at_;
  }
  void put_separator(std::string_view text) {
    out_ += text;
    if (json_[at_++] == ',') new_line();
  }
  void new_line() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }
  void scalar(std::size_t end) {
    const std::string_view text = json_.substr(at_, end - at_);
    const bool is_name = end < json_.size() && json_[end] == ':';
    out_ += style_.paint(is_name               ? style_.blue
                         : text.front() == '"' ? style_.green
                                               : style_.yellow,
                         text);
    at_ = end;
  }

  std::size_t string_end() const {
    std::size_t end = at_ + 1;
    while (end < json_.size() && json_[end] != '"') end += json_[end] == '\\' ? 2 : 1;
    return std::min(end + 1, json_.size());
  }
  std::size_t word_end() const { return std::min(json_.find_first_of(",:]}", at_), json_.size()); }

  std::string_view json_;
  const Style& style_;
  bool pretty_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

std::string print_json(std::string_view json, JsonLayout layout, const Style& style) {
  return Printer(json, layout, style).print();
}

}  // namespace weft::cli
