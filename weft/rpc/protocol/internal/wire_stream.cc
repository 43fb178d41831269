#include "weft/rpc/protocol/internal/wire_stream.h"

#include <utility>

#include "weft/rpc/http/http_handler.h"
#include "weft/rpc/server/handler.h"
#include "weft/rpc/server/internal/server_loop.h"

namespace weft::rpc {

WireStream::WireStream(ServerLoop& server, WireProtocol& protocol,
                       std::unique_ptr<net::Stream> stream, PeerConnections::Slot slot)
    : OtherConnection(stream->peer_address()),
      server_(server),
      protocol_(protocol),
      stream_(std::move(stream)),
      slot_(std::move(slot)),
      memory_(server.memory(), server.memory_limit_of_connection()),
      peer_(Peer::Ref::make(stream_->peer_address(), stream_->tls())),
      io_(server.loop(), *stream_) {
  set_memory(kMemory);
}

net::Loop& WireStream::loop() const noexcept { return server_.loop(); }
const HealthRegistry& WireStream::health() const noexcept { return *server_.shared().health; }
Dispatcher& WireStream::dispatcher() const noexcept { return server_.shared().dispatcher; }

HttpHandler* WireStream::handler_for(const HttpHead& head) const {
  const auto& handlers = server_.shared().other_requests;
  return handlers == nullptr ? nullptr : handlers->handler_for(head);
}

Duration WireStream::max_idle() const noexcept { return server_.options().max_connection_idle; }

Status WireStream::request_began(std::string_view path, Refusable refusable) {
  Status admitted = server_.admit_request(in_round_, memory_, *peer_, path, refusable);
  if (!admitted.ok()) return admitted;
  memory_.call_began(0);
  server_.other_request_began();
  return {};
}

void WireStream::request_ended() noexcept {
  memory_.call_ended(0);
  server_.call_ended();
}

void WireStream::log_refused(std::string_view why) noexcept {
  server_.log_refused(describe() + ": " + std::string(why));
}

void WireStream::start() {
  server_.loop().ready(start_);
  const Duration age = server_.connection_age();
  if (age == kForever) return;
  age_.arm(*this, after(loop().now(), age), [](WireStream& self) noexcept { self.aged(); });
}

void WireStream::aged() noexcept {
  if (draining_) return;  // a stop has a grace of its own
  leave(unavailable("the connection has reached ServerOptions::max_connection_age"));
  const Duration grace = server_.options().max_connection_age_grace;
  if (grace == kForever) return;
  age_.arm(*this, after(loop().now(), grace), [](WireStream& self) noexcept {
    self.context_.cancel(unavailable("the connection's age and grace are over"));
  });
}

void WireStream::run() noexcept {
  try {
    task_ = protocol_.serve(*this);
    task_.start(&context_,
                {[](void* self) noexcept { static_cast<WireStream*>(self)->on_done(); }, this});
  } catch (...) {
    static_cast<void>(status_of_exception(describe()));
    over();
  }
}

void WireStream::on_done() noexcept {
  try {
    task_.take();
  } catch (...) {
    static_cast<void>(status_of_exception(describe()));
  }
  over();
}

void WireStream::over() noexcept {
  age_.cancel();
  server_.other_over(*this);
}

bool WireStream::drain() noexcept {
  leave(unavailable("the server is stopping"));
  return true;
}

/// Asks the protocol to end when its calls are done; `why` is for the observer.
void WireStream::leave(const Status& why) noexcept {
  if (std::exchange(draining_, true)) return;
  server_.tell({.what = ConnectionEvent::What::Leaving,
                .side = Call::Side::Server,
                .by = ConnectionEvent::By::Local,
                .address = peer_->address,
                .tls = peer_->tls.get(),
                .status = why});
  drain_.set();
}

void WireStream::shed() noexcept {
  const Status why = server_.holds_most(memory_);
  log_refused("closed: " + std::string(why.message()));
  context_.cancel(why);
}

Task<> WireStream::drained() { static_cast<void>(co_await drain_.wait()); }

std::string WireStream::describe() const { return protocol_.name() + " with " + peer_->describe(); }

}  // namespace weft::rpc
