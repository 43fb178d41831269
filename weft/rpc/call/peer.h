#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "weft/base/local_ref.h"
#include "weft/net/socket/address.h"
#include "weft/net/tls/tls_info.h"
#include "weft/rpc/call/principal.h"

namespace weft {

/// The other end of a connection, as far as the transport knows it. Shared by the connection and
/// its calls, which may outlive it; all of them belong to one loop, and references are counted
/// there only. Reading it is allowed on any thread that keeps its call alive.
class Peer : public LocalCounted {
 public:
  using Ref = LocalRef<const Peer>;
  enum class Kind : std::uint8_t { Socket, InProcess, Other };

  /// A peer behind a socket.
  explicit Peer(net::Address where, std::shared_ptr<const net::TlsInfo> how = nullptr)
      : address(std::move(where)), tls(std::move(how)) {}
  /// A peer without an address. `description` is what describe() gives: "nats:orders". `who` is the
  /// caller, if the transport itself knows it: the user of a broker, for instance.
  explicit Peer(std::string description, std::shared_ptr<const Principal> who = nullptr,
                Kind kind = Kind::Other);
  ~Peer();

  /// A peer in the same process, "in-process".
  static Ref local() { return Ref::make("in-process", nullptr, Kind::InProcess); }

  /// Made by default where has_address() is false.
  net::Address address;
  /// What the TLS handshake agreed on; null without TLS.
  std::shared_ptr<const net::TlsInfo> tls;

  Kind kind() const noexcept { return kind_; }
  /// False in the same process and behind a broker.
  bool has_address() const noexcept { return kind_ == Kind::Socket; }
  /// For logs and messages: "10.0.0.7:1234", "unix:/run/x.sock", "in-process", "nats:orders".
  std::string describe() const { return has_address() ? address.to_string() : description_; }

  /// The peer's verified certificate. Null without TLS or without a certificate.
  const net::CertificateInfo* identity() const noexcept {
    return tls == nullptr ? nullptr : tls->identity();
  }
  /// The peer's identity: the one that the transport knows, else principal_of() its verified
  /// certificate, made on first use and kept. Null if unknown. Throws std::bad_alloc only.
  const std::shared_ptr<const Principal>& principal() const;

 private:
  const std::shared_ptr<const Principal>& principal_of_certificate() const;

  std::string description_;
  std::shared_ptr<const Principal> given_;
  // Made on first use, perhaps on another thread than the loop's: handlers may be taken over.
  mutable std::atomic<const std::shared_ptr<const Principal>*> made_{nullptr};
  Kind kind_ = Kind::Socket;
};

}  // namespace weft
