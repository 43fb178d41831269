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
      peer_(Peer::Ref::make(stream_->peer_address(), stream_->tls())),
      io_(server.loop(), *stream_) {
  server_.memory().add(kMemory);
}

WireStream::~WireStream() { server_.memory().add(-std::int64_t{kMemory}); }

net::Loop& WireStream::loop() const noexcept { return server_.loop(); }
Dispatcher& WireStream::dispatcher() const noexcept { return server_.shared().dispatcher; }

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
