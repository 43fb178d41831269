#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/base/intrusive_list.h"
#include "weft/base/status.h"
#include "weft/http2/session/session.h"
#include "weft/net/socket/address.h"
#include "weft/net/socket/stream.h"
#include "weft/rpc/server/socket/internal/peer_connections.h"

/// What a server's connections and streams are beside gRPC's over HTTP/2. Servers that have no such
/// thing do not link what it is made of.
namespace weft::rpc {

class ConnectionMemory;
class Dispatcher;
class HttpHandler;
class ServerConnection;
class ServerLoop;
struct HttpHead;
enum class Refusable : std::uint8_t;

/// What a stream of HTTP/2 belongs to where that is no gRPC call. In its server loop's list.
class OtherStream : public ListNode {
 public:
  /// http2::Stream::kind of its stream, whose `user` it is.
  static constexpr std::uint8_t kKind = 1;
  static bool has(const http2::Stream& stream) noexcept { return stream.kind == kKind; }
  static OtherStream& of(http2::Stream& stream) noexcept {
    return *static_cast<OtherStream*>(stream.user);
  }

  // The stream's events
  virtual void on_data(BytesView data, bool end_stream) = 0;
  virtual void on_request_end(http2::HeaderFields trailers) noexcept = 0;
  virtual void on_drained() noexcept = 0;
  virtual void on_stream_closed(const http2::StreamEnd& end) noexcept = 0;
  /// Ends what it does, and the stream.
  virtual void cancel(const Status& reason) noexcept = 0;
  /// For the log.
  virtual std::string describe() const = 0;

 protected:
  ~OtherStream() = default;
};

/// A connection that is not HTTP/2, or of which that is not known yet. Belongs to its server loop.
class OtherConnection : public ListNode {
 public:
  virtual ~OtherConnection() = default;
  /// The client's.
  const net::Address& address() const noexcept { return address_; }
  /// The server has begun to stop. False where there is nothing to be waited for: then it is
  /// destroyed.
  virtual bool drain() noexcept = 0;
  virtual void cancel(const Status& reason) noexcept = 0;
  /// What it holds; null where it is not worth sending away, or already on its way.
  virtual const ConnectionMemory* memory() const noexcept { return nullptr; }
  /// Ends it because of the memory it takes.
  virtual void shed() noexcept {}
  virtual std::string describe() const = 0;

 protected:
  explicit OtherConnection(net::Address address) : address_(std::move(address)) {}

 private:
  const net::Address address_;
};

/// Who takes requests that are not gRPC's.
class OtherRequests {
 public:
  virtual ~OtherRequests() = default;
  /// Before the transports start.
  virtual Status start(const Dispatcher& dispatcher) = 0;
  /// False where nobody takes it.
  virtual bool take(ServerConnection& connection, http2::Stream& stream, http2::HeaderFields fields,
                    bool end_stream) = 0;
  /// Null where nobody takes it.
  virtual HttpHandler* handler_for(const HttpHead& head) const = 0;
};

/// Who takes connections that are not HTTP/2's.
class OtherProtocols {
 public:
  virtual ~OtherProtocols() = default;
  /// Sees to a connection of any protocol, HTTP/2 among them (ServerLoop::serve_http2()).
  virtual void take(ServerLoop& server, std::unique_ptr<net::Stream> stream,
                    PeerConnections::Slot slot) = 0;
  /// What may be chosen beside "h2".
  virtual std::vector<std::string> alpn() const = 0;
};

}  // namespace weft::rpc
