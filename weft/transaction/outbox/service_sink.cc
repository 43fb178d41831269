#include "weft/transaction/outbox/service_sink.h"

#include <algorithm>
#include <string_view>

#include "weft/net/loop/loop.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/transaction/fingerprint.h"
#include "weft/transaction/idempotency/idempotency_key.h"

namespace weft::transaction {
namespace {

Metadata metadata_of(const events::Event& event) {
  Metadata metadata;
  const auto add = [&metadata](std::string_view name, std::string_view value) {
    const bool visible = std::ranges::all_of(value, [](char c) { return c > ' ' && c < '\x7f'; });
    if (visible && !value.empty()) metadata.add(name, value);
  };
  add("weft-event-source", event.source);
  add("weft-event-id", event.id);
  add("weft-event-type", event.type);
  add("weft-event-key", event.key);
  metadata.add(kIdempotencyKey, "event-" + fingerprint_of(event.source, event.id).text());
  return metadata;
}

}  // namespace

Task<Status> ServiceSink::publish(const events::Event& event) {
  net::Loop& loop = *net::Loop::current();
  Context* const context = co_await coro::CurrentContext();
  const Metadata metadata = metadata_of(event);
  CallOptions options;
  options.metadata = &metadata;
  options.timeout = timeout_;
  rpc::UnaryCall call(loop, context, service_, method_, Message(event.data), options);
  Bytes ignored;
  Status status = co_await call.run();
  co_return call.finish(std::move(status), ignored);
}

}  // namespace weft::transaction
