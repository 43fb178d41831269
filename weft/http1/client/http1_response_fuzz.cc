// A server's bytes: what comes out does not depend on how they are cut, and limits hold.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/http1/client/internal/response_parser.h"

namespace {

using weft::http1::ClientOptions;
using weft::http1::ResponseParser;

void require(bool holds) {
  if (!holds) std::abort();
}

const ClientOptions& limits() {
  static const ClientOptions options = [] {
    ClientOptions made;
    made.max_head = 2048;
    made.max_fields = 8;
    made.max_interim = 3;
    return made;
  }();
  return options;
}

struct Seen {
  bool head = false;
  int status = 0;
  std::string body;
  std::size_t rest = 0;
  ResponseParser::Outcome end = ResponseParser::Outcome::NeedMore;
  friend bool operator==(const Seen&, const Seen&) = default;
};

/// Feeds the bytes in pieces of `cut`.
Seen parse(std::string_view bytes, const std::string& method, std::size_t cut) {
  using Outcome = ResponseParser::Outcome;
  ResponseParser parser(limits(), method);
  Seen seen;
  std::size_t begin = 0;
  std::size_t end = 0;
  for (;;) {
    const ResponseParser::Step step = parser.next(bytes.substr(begin, end - begin));
    require(step.skip + step.content <= end - begin);
    seen.body += bytes.substr(begin + step.skip, step.content);
    begin += step.skip + step.content;
    if (step.outcome == Outcome::Head) {
      require(!seen.head && parser.status() >= 200 && parser.status() <= 999);
      seen.head = true;
      seen.status = parser.status();
    }
    if (step.outcome == Outcome::Content) require(seen.head && step.content != 0);
    seen.end = step.outcome;
    if (step.outcome == Outcome::Refused || step.outcome == Outcome::End) break;
    if (step.outcome != Outcome::NeedMore) continue;
    require(end - begin <= limits().max_head + cut);
    if (end == bytes.size()) {
      seen.end = parser.end_of_stream(bytes.substr(begin));
      break;
    }
    end = end + cut < bytes.size() ? end + cut : bytes.size();
  }
  if (seen.end == Outcome::Refused) {
    require(!parser.why().empty() && !parser.keeps_connection());
    // How much of a body came before it was refused is the same; where, is not.
    return seen;
  }
  require(parser.at_end() && seen.head);
  seen.rest = bytes.size() - begin;
  if (parser.length() && parser.keeps_connection() && method != "HEAD" && seen.status != 304) {
    require(seen.body.size() == *parser.length());
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string method = (data[0] & 1) != 0 ? "HEAD" : "GET";
  const std::size_t cut = 1 + (data[0] >> 1);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Seen whole = parse(bytes, method, bytes.size() + 1);
  require(whole == parse(bytes, method, cut));
  require(whole == parse(bytes, method, 1));
  return 0;
}
