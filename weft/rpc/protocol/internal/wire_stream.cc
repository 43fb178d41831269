#include "weft/rpc/protocol/internal/wire_stream.h"

#include <utility>

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

Status WireStream::request_began() {
  Status admitted = server_.admit_call(memory_);
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

void WireStream::start() { server_.loop().ready(start_); }

void WireStream::run() noexcept {
  try {
    task_ = protocol_.serve(*this);
    task_.start(&context_,
                {[](void* self) noexcept { static_cast<WireStream*>(self)->on_done(); }, this});
  } catch (...) {
    static_cast<void>(status_of_exception(describe()));
    server_.other_over(*this);
  }
}

void WireStream::on_done() noexcept {
  try {
    task_.take();
  } catch (...) {
    static_cast<void>(status_of_exception(describe()));
  }
  server_.other_over(*this);
}

bool WireStream::drain() noexcept {
  draining_ = true;
  drain_.set();
  return true;
}

Task<> WireStream::drained() { static_cast<void>(co_await drain_.wait()); }

std::string WireStream::describe() const { return protocol_.name() + " with " + peer_->describe(); }

}  // namespace weft::rpc
