#include "weft/rpc/protocol/internal/protocol_choice.h"

#include <array>
#include <utility>

#include "weft/base/text/printable.h"
#include "weft/net/socket/prefix_stream.h"
#include "weft/rpc/server/internal/server_loop.h"

namespace weft::rpc {
namespace {

using Match = WireProtocol::Match;

Match matches_http2(std::string_view bytes) noexcept {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 section 3.4
  if (bytes.size() >= kPreface.size()) return bytes.starts_with(kPreface) ? Match::Yes : Match::No;
  return kPreface.starts_with(bytes) ? Match::NeedMore : Match::No;
}

}  // namespace

ProtocolChoice::ProtocolChoice(ServerLoop& server,
                               std::span<const std::shared_ptr<WireProtocol>> protocols,
                               std::unique_ptr<net::Stream> stream, PeerConnections::Slot slot)
    : OtherConnection(stream->peer_address()),
      server_(server),
      protocols_(protocols),
      stream_(std::move(stream)),
      slot_(std::move(slot)) {
  server_.memory().add(WireProtocol::kMostFirstBytes);
}

ProtocolChoice::~ProtocolChoice() {
  if (stream_ != nullptr) stream_->set_handler(nullptr);
  server_.memory().add(-std::int64_t{WireProtocol::kMostFirstBytes});
}

void ProtocolChoice::start() noexcept {
  stream_->set_handler(this);
  const Duration timeout = server_.options().handshake_timeout;
  if (timeout != kForever) server_.loop().arm(timeout_, after(server_.loop().now(), timeout));
  look();
}

/// `protocol` serves it, with the bytes that were looked at in front; null: HTTP/2, which takes
/// them as they are, so that its calls pass no other stream.
void ProtocolChoice::chosen(WireProtocol* protocol) {
  stream_->set_handler(nullptr);
  timeout_.cancel();
  server_.other_became(*this);
  if (protocol == nullptr) {
    return server_.serve_http2(std::move(stream_), std::move(slot_), bytes_);
  }
  auto stream = std::make_unique<net::PrefixStream>(server_.loop(), std::move(stream_), bytes_);
  serve_wire(server_, *protocol, std::move(stream), std::move(slot_));
}

void ProtocolChoice::not_chosen(const std::string& why) noexcept {
  server_.log_refused(describe() + ": the connection was closed: " + why);
  timeout_.cancel();
  stream_->close();
  server_.other_over(*this, unavailable(why));
}

/// Nothing came, as of a probe that only connects.
void ProtocolChoice::left() noexcept {
  timeout_.cancel();
  stream_->close();
  server_.other_over(*this, unavailable("the client closed it before it sent anything"));
}

void ProtocolChoice::expired(net::Timer& timer) noexcept {
  static_cast<Timeout&>(timer).self.not_chosen(
      "it has not shown which protocol it speaks within the handshake timeout "
      "(ServerOptions::handshake_timeout)");
}

void ProtocolChoice::look() noexcept {
  std::array<char, WireProtocol::kMostFirstBytes> buffer;
  for (;;) {
    const net::IoResult result =
        stream_->read(std::span(buffer).first(WireProtocol::kMostFirstBytes - bytes_.size()));
    if (result.kind == net::IoResult::Kind::WouldBlock) return stream_->want_read();
    if (result.kind == net::IoResult::Kind::End && bytes_.empty()) return left();
    if (result.kind != net::IoResult::Kind::Done) {
      return not_chosen(result.kind == net::IoResult::Kind::End
                            ? "the client closed it before it showed which protocol it speaks"
                            : std::string(result.error.message()));
    }
    bytes_.append(buffer.data(), result.size);
    if (judge()) return;
  }
}

/// True where it is decided.
bool ProtocolChoice::judge() {
  Match match = matches_http2(bytes_);
  if (match == Match::Yes) {
    chosen(nullptr);
    return true;
  }
  bool more = match == Match::NeedMore;
  const bool full = bytes_.size() >= WireProtocol::kMostFirstBytes;
  for (const auto& protocol : protocols_) {
    // The bytes may become those of a protocol that knows better.
    if (protocol->matches_others() && more && !full) return false;
    match = protocol->matches(bytes_);
    if (match == Match::Yes) {
      chosen(protocol.get());
      return true;
    }
    more = more || match == Match::NeedMore;
  }
  if (more && !full) return false;
  std::string names = "HTTP/2";
  for (const auto& protocol : protocols_) names += ", " + protocol->name();
  not_chosen("its first bytes '" + printable(std::string_view(bytes_).substr(0, 32)) +
             "' match none of the protocols of this port: " + names);
  return true;
}

}  // namespace weft::rpc
