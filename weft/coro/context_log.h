#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "weft/base/log/component.h"
#include "weft/base/log/record.h"
#include "weft/coro/context.h"

namespace weft {

/// As the other log_fields(), with the ids of the trace and of the span that `context` is in, if it
/// is in one. On the thread of the context.
void log_fields(const Context& context, LogLevel level, std::string_view message,
                std::span<const LogField> fields) noexcept;

void log_fields(const Context& context, const LogComponent& component, LogLevel level,
                std::string_view message, std::span<const LogField> fields) noexcept;

/// One line with the ids of the trace that `context` is in.
inline void log(const Context& context, LogLevel level, std::string_view message,
                std::initializer_list<LogField> fields = {}) noexcept {
  if (log_enabled(level)) log_fields(context, level, message, {fields.begin(), fields.size()});
}

/// The same for what has a context: a Call, or a handler's ServerContext.
///
///     weft::log(context, weft::LogLevel::Info, "greeted", {{"name", request.name()}});
template <class T>
  requires requires(T& of) { static_cast<const Context&>(of.context()); }
void log(T& call, LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {}) noexcept {
  if (log_enabled(level)) {
    log_fields(call.context(), level, message, {fields.begin(), fields.size()});
  }
}

template <class T>
  requires requires(T& of) { static_cast<const Context&>(of.context()); }
void log(T& call, const LogComponent& component, LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {}) noexcept {
  if (component.enabled(level)) {
    log_fields(call.context(), component, level, message, {fields.begin(), fields.size()});
  }
}

}  // namespace weft
