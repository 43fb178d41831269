#include "weft/edge/rest/stream/internal/line_splitter.h"

#include <algorithm>

namespace weft::edge::rest {
namespace {

/// White space of JSON (RFC 8259 section 2).
bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

void LineSplitter::push(std::string_view part) {
  // What was taken makes room once it is the larger part, so a byte moves seldom.
  if (begin_ > text_.size() / 2) {
    text_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
  }
  text_.append(part);
}

void LineSplitter::pass_over_blank() noexcept {
  while (begin_ < text_.size() && is_blank(text_[begin_])) ++begin_;
  searched_ = std::max(searched_, begin_);
}

bool LineSplitter::has_line() {
  pass_over_blank();
  if (begin_ == text_.size()) return false;
  searched_ = std::min(text_.find('\n', searched_), text_.size());
  return searched_ != text_.size() || finished_;
}

bool LineSplitter::next(std::string_view& line) {
  if (!has_line()) return false;
  line = std::string_view(text_).substr(begin_, searched_ - begin_);
  while (is_blank(line.back())) line.remove_suffix(1);
  begin_ = searched_;
  return true;
}

Status LineSplitter::check() const {
  const std::size_t size = searched_ - begin_;
  if (size <= limit_) return {};
  return resource_exhausted("a line of at least " + std::to_string(size) +
                            " bytes is larger than the limit of " + std::to_string(limit_) +
                            " bytes (max_receive_size)");
}

}  // namespace weft::edge::rest
