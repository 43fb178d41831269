#include "weft/middleware/reports/access_log.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "weft/base/log_value.h"
#include "weft/coro/exception.h"

namespace weft {
namespace {

std::string line(const Call& call, const Status& status, Duration duration) {
  std::string text = "call path=";
  text.append(log_value(call.path()));
  text.append(call.side() == Call::Side::Server ? " side=server" : " side=client");
  if (call.peer() != nullptr) text.append(" peer=").append(log_value(call.peer()->describe()));
  const Principal* const who = call.principal();
  if (who != nullptr && !who->subject.empty()) {
    text.append(" principal=").append(log_value(who->subject));
  }
  text.append(" status=").append(name_of(status.code()));
  text.append(" duration=").append(to_string(duration));
  if (!status.message().empty()) {
    text.append(" message=").append(log_value(status.message()));
  }
  return text;
}

struct AccessLog {
  AccessLogOptions options;

  Task<Status> operator()(Call& call, Next next) const {
    const LogLevel failed = std::max(options.level, LogLevel::Warn);
    if (!log_enabled(failed)) return next(call);
    return run(options, call, next);
  }

 private:
  static Task<Status> run(const AccessLogOptions& options, Call& call, Next next) {
    const TimePoint begun = call.loop().now();
    Status status;
    try {
      status = co_await next(call);
    } catch (...) {
      status = coro::status_of_current_exception(call.path());
    }
    const Duration duration = call.loop().now() - begun;
    const LogLevel level = status.ok() ? options.level : std::max(options.level, LogLevel::Warn);
    const bool wanted = !status.ok() || duration >= options.slower_than;
    if (wanted && log_enabled(level)) log(level, line(call, status, duration));
    co_return status;
  }
};

}  // namespace

Middleware access_log(AccessLogOptions options) { return AccessLog{options}; }

}  // namespace weft
