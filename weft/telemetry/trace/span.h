#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/server/server_context.h"
#include "weft/telemetry/trace/span_setters.h"
#include "weft/telemetry/trace/tracer.h"

namespace weft::telemetry {

/// A piece of a program's work, from its beginning to end() or to its destructor. Its parent is the
/// span of the context it begins in; spans and calls that begin in that context before it ends are
/// its children.
///
///     auto span = co_await telemetry::span("price.calculate");
///     span.set("shop.items", order.items_size());
///
/// Work that goes on beside other work, as in all() and in a Scope, takes a context of its own for
/// its spans (`Context mine(co_await current_context())`), or the spans of one become the parents
/// of the other's. On the loop of its context only, which must outlive it.
class Span : public SpanSetters<Span> {
 public:
  /// Records nothing.
  Span() noexcept = default;
  Span(Context& context, net::Loop& loop, std::string_view name, Tracer& tracer);
  Span(Span&&) noexcept = default;
  Span& operator=(Span&&) = delete;
  ~Span() { end(); }

  /// The work has failed, which is no error of the program: the span's status is Error. Of an OK
  /// status nothing is kept.
  Span& failed(const Status& status);
  /// Ends it now; what is set later does nothing.
  void end() noexcept;

 private:
  friend class SpanSetters<Span>;
  struct State;
  struct Deleter {
    void operator()(State* state) const noexcept;
  };
  struct Forget {
    void operator()(Context* context) const { context->trace() = {}; }
  };
  SpanDetails* details() const noexcept;
  TimePoint now() const noexcept;

  void forget() noexcept;

  std::unique_ptr<State, Deleter> state_;
  // Where a trace begins with this span and is not recorded: it ends with it too.
  std::unique_ptr<Context, Forget> unsampled_;
};

/// A span in a handler, by the process's tracer. Where slow handlers are taken over it first waits
/// until the handler has its loop again, as ServerContext::call() does.
inline Span span(ServerContext& context, std::string_view name) {
  Call& call = context.call();
  return {call.context(), call.loop(), name, tracer()};
}

/// `co_await span("work")`: a span in the context of this coroutine.
struct [[nodiscard("co_await it: until then nothing happens")]] SpanHere : coro::CurrentContext {
  explicit SpanHere(std::string_view of, Tracer& by) noexcept : name(of), tracer(by) {}
  Span await_resume() const {
    net::Loop* const loop = net::Loop::current();
    if (context == nullptr || loop == nullptr) return {};
    return {*context, *loop, name, tracer};
  }
  std::string_view name;
  Tracer& tracer;
};
inline SpanHere span(std::string_view name) noexcept { return SpanHere(name, tracer()); }

/// The span of the call that a handler serves. Valid as long as the handler runs.
class CallSpan : public SpanSetters<CallSpan> {
 public:
  explicit CallSpan(Call& call) noexcept;

 private:
  friend class SpanSetters<CallSpan>;
  SpanDetails* details() const noexcept { return details_; }
  TimePoint now() const noexcept { return call_.loop().now(); }

  Call& call_;
  SpanDetails* details_;
};

/// To say more of a call in its own span: `call_span(context).set("shop.tenant", tenant)`.
inline CallSpan call_span(ServerContext& context) noexcept { return CallSpan(context.call()); }

}  // namespace weft::telemetry
