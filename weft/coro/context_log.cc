#include "weft/coro/context_log.h"

namespace weft {

void log_fields(const Context& context, LogLevel level, std::string_view message,
                std::span<const LogField> fields) noexcept {
  const TraceContext& seen = context.trace();
  // The bits beside these two are for this process only.
  const LogTrace trace{.trace_id = seen.trace_id,
                       .span_id = seen.span_id,
                       .flags = static_cast<std::uint8_t>(
                           seen.flags & (TraceContext::kSampled | TraceContext::kRandomTraceId))};
  log_fields(level, message, fields, seen.valid() ? &trace : nullptr);
}

}  // namespace weft
