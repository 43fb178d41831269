#include "weft/http1/message/head_scanner.h"

#include <cstring>
#include <string>
#include <utility>

#include "weft/base/text/printable.h"

namespace weft::http1 {

using Outcome = HeadScanner::Outcome;

void HeadScanner::restart() noexcept {
  begin_ = line_ = looked_at_ = lines_ = 0;
  fault_ = {};
}

Outcome HeadScanner::refuse(int status, std::string why) {
  fault_ = {status, std::move(why)};
  return Outcome::Refused;
}

Outcome HeadScanner::scan(std::string_view bytes) {
  for (;;) {
    const void* found = nullptr;
    if (looked_at_ < bytes.size()) {
      found = std::memchr(bytes.data() + looked_at_, '\n', bytes.size() - looked_at_);
    }
    const std::size_t end =
        found == nullptr
            ? bytes.size()
            : static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
    looked_at_ = end;
    if (const Outcome outcome = check_growth(bytes.substr(0, end)); outcome == Outcome::Refused)
      return outcome;
    if (found == nullptr) return Outcome::NeedMore;
    const Outcome outcome = end_line(bytes.substr(line_, end - line_));
    line_ = end;
    if (outcome != Outcome::NeedMore) return outcome;
  }
}

/// Of the line that has not ended, or has just done so.
Outcome HeadScanner::check_growth(std::string_view bytes) {
  const std::string_view line = bytes.substr(line_);
  if (line.size() > limits_.line) {
    const bool is_target = in_first_line() && of_ == Of::Request;
    return refuse(is_target ? 414 : 431,
                  std::string(in_first_line() ? "the first line" : "a field line") +
                      " is longer than the limit of " + std::to_string(limits_.line) + " bytes");
  }
  if (bytes.size() - begin_ > limits_.size) {
    return refuse(
        431, "the head is longer than the limit of " + std::to_string(limits_.size) + " bytes");
  }
  if (!in_first_line() && !line.empty() && (line.front() == ' ' || line.front() == '\t')) {
    return refuse(400,
                  "a line begins with white space: folded fields are obsolete (RFC 9112 "
                  "section 5.2)");
  }
  return Outcome::NeedMore;
}

/// `line` with its LF.
Outcome HeadScanner::end_line(std::string_view line) {
  if (line.size() < 2 || line[line.size() - 2] != '\r') {
    return refuse(400, "the line '" + printable(line.substr(0, line.size() - 1).substr(0, 64)) +
                           "' ends with a bare LF, lines end with CRLF");
  }
  if (line.size() == 2) {
    if (!in_first_line()) return Outcome::Complete;
    if (of_ == Of::Response || begin_ != 0) return refuse(400, "an empty line where a head is due");
    begin_ = line.size();
    return Outcome::NeedMore;
  }
  const std::size_t first_lines = of_ == Of::Trailers ? 0 : 1;
  if (++lines_ > limits_.fields + first_lines) {
    return refuse(431, "more fields than the limit of " + std::to_string(limits_.fields));
  }
  return Outcome::NeedMore;
}

}  // namespace weft::http1
