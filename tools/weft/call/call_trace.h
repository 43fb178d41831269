#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/call_options.h"

#include "tools/weft/schema/schema.h"
#include "tools/weft/terminal.h"

namespace weft::cli {

/// What `--verbose` shows of a call, on standard error as it happens: `>` goes to the server, `<`
/// comes from it, `*` is what weft does. Silent when it is not enabled.
class CallTrace {
 public:
  CallTrace(bool enabled, const Clock& clock, const Style& style)
      : clock_(clock), style_(style), started_(clock.now()), enabled_(enabled) {}

  void start(std::string_view target, const Method& method, const CallOptions& options);
  void request(std::size_t size);
  void end_of_requests();
  void response_metadata(Call& call);
  void response(std::size_t size);
  void end(const Status& status, const Metadata& trailers);

 private:
  struct Count {
    std::size_t messages = 0;
    std::size_t bytes = 0;
    std::string text() const;
  };
  void line(std::string_view mark, std::string_view text);
  void heading(std::string_view what, const Metadata& metadata);
  void metadata(std::string_view mark, const Metadata& metadata);
  /// Since the start, for people: "1.24 ms".
  std::string elapsed() const;

  const Clock& clock_;
  const Style& style_;
  TimePoint started_;
  Count requests_;
  Count responses_;
  bool enabled_;
};

/// "840 us", "1.24 ms", "2.50 s": three digits that mean something.
std::string short_duration(Duration duration);

}  // namespace weft::cli
