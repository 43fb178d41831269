#include "weft/coro/context_log.h"

namespace weft {
namespace {

LogTrace trace_of(const TraceContext& seen) noexcept {
  // The bits beside these two are for this process only.
  return {.trace_id = seen.trace_id,
          .span_id = seen.span_id,
          .flags = static_cast<std::uint8_t>(
              seen.flags & (TraceContext::kSampled | TraceContext::kRandomTraceId))};
}

}  // namespace

void log_fields(const Context& context, LogLevel level, std::string_view message,
                std::span<const LogField> fields) noexcept {
  const LogTrace trace = trace_of(context.trace());
  log_fields(level, message, fields, context.trace().valid() ? &trace : nullptr);
}

void log_fields(const Context& context, const LogComponent& component, LogLevel level,
                std::string_view message, std::span<const LogField> fields) noexcept {
  const LogTrace trace = trace_of(context.trace());
  log_fields(component, level, message, fields, context.trace().valid() ? &trace : nullptr);
}

}  // namespace weft
