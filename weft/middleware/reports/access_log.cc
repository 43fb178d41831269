#include "weft/middleware/reports/access_log.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/log/component.h"
#include "weft/base/log/record.h"
#include "weft/coro/context_log.h"
#include "weft/coro/frame/exception.h"
#include "weft/rpc/call/observer.h"

namespace weft {
namespace {

using Fields = std::vector<LogField>;

LogComponent component("rpc.access");

void add_figures(Fields& fields, const Call& call) {
  const CallStats* const stats = call.stats();
  if (stats == nullptr) return;
  fields.push_back({"sent_bytes", stats->sent_bytes});
  fields.push_back({"received_bytes", stats->received_bytes});
  if (call.side() == Call::Side::Server) return;
  fields.push_back({"attempts", stats->attempts});
  fields.push_back({"waited", stats->waited});
}

void write(LogLevel level, const Call& call, const Status& status, Duration duration) {
  Fields fields;
  fields.reserve(11);
  fields.push_back({"path", call.path()});
  fields.push_back({"side", call.side() == Call::Side::Server ? "server" : "client"});
  std::string peer;
  if (call.peer() != nullptr) fields.push_back({"peer", peer = call.peer()->describe()});
  const std::shared_ptr<const Principal> who = call.share_principal();
  if (who != nullptr && !who->subject.empty()) fields.push_back({"principal", who->subject});
  fields.push_back({"status", name_of(status.code())});
  fields.push_back({"duration", duration});
  add_figures(fields, call);
  if (!status.message().empty()) fields.push_back({"message", status.message()});
  log_fields(call.context(), component, level, "call", fields);
}

struct AccessLog {
  AccessLogOptions options;

  Task<Status> operator()(Call& call, Next next) const {
    const LogLevel failed = std::max(options.level, LogLevel::Warn);
    if (!component.enabled(failed)) return next(call);
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
    if (wanted && component.enabled(level)) write(level, call, status, duration);
    co_return status;
  }
};

}  // namespace

Middleware access_log(AccessLogOptions options) { return AccessLog{options}; }

}  // namespace weft
