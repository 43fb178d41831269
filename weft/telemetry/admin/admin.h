#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weft/base/status.h"
#include "weft/net/socket/address.h"
#include "weft/net/tls/tls.h"
#include "weft/rpc/http/http_handler.h"
#include "weft/rpc/server/transport.h"
#include "weft/telemetry/metrics/registry.h"

namespace weft::telemetry {

/// Who may reach the admin port without saying who they are.
enum class AdminAccess : std::uint8_t {
  /// Programs on this machine. start() refuses addresses that others reach unless there is a token
  /// or TLS with client certificates.
  ThisMachine,
  /// Whoever reaches the address: said by somebody who knows that the network protects it.
  Everyone,
};

/// Whether those who reach the admin port may change the program.
enum class AdminChanges : std::uint8_t {
  Refused,  ///< pages are read only
  /// Whoever may see the pages may change what they show: log levels. start() asks for
  /// authentication, or for Unix sockets alone.
  Allowed,
};

/// The admin port's options.
struct AdminOptions {
  /// As ServerOptions::listen: an address of its own. The default port is the one that
  /// OpenTelemetry has for Prometheus. A Unix socket ("unix:/run/greeter/admin.sock") is for those
  /// who may write to its file.
  std::string listen{"127.0.0.1:9464"};
  AdminAccess access = AdminAccess::ThisMachine;
  /// Files with tokens that requests have to show (`authorization: Bearer ...`), each of which is
  /// good for what those before it are: for /metrics, /healthz and /readyz, as a scraper needs;
  /// for all pages; for changes. Where one is set, requests without a token see nothing. Read by
  /// start(); at least 16 characters.
  std::string metrics_token_file{};
  std::string token_file{};
  /// Empty: changes are for whoever may see all pages.
  std::string change_token_file{};
  std::optional<net::TlsServerOptions> tls{};
  AdminChanges changes = AdminChanges::Refused;
  /// Whether the program is ready for calls, beside its server, which is ready from its start to
  /// the begin of its stop. What it answers is the text of /readyz. From the admin port's thread.
  std::function<Status()> ready{};
  /// Scrapes at the same time; more are answered 503.
  std::size_t max_scrapes = 4;
  /// Null: the process's. It outlives the port.
  Registry* registry = nullptr;
};

/// The admin port of a program: `/metrics`, `/healthz`, `/readyz`,
/// `/log/levels`, over HTTP/1.1 and HTTP/2, on an
/// address and a thread of its own, so that it answers while the program's loops are busy.
///
/// It answers from start() until it is destroyed. Set up and destroyed by one thread at a time.
class AdminServer {
 public:
  explicit AdminServer(AdminOptions options = {});
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  ~AdminServer();

  /// INVALID_ARGUMENT for an address that others reach, or AdminChanges::Allowed, without
  /// authentication; what
  /// Server::start() answers; and why the token file cannot be used.
  Status start();
  const std::vector<net::Address>& addresses() const noexcept;
  std::uint16_t port() const noexcept;

  /// What /readyz answers unless AdminOptions::ready says otherwise. From any thread; OK at first.
  void set_ready(Status status);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The admin port of a server, which starts and ends with it: /readyz is OK from the server's start
/// until its stop begins, and the pages are there until the Server is destroyed.
///
///     server.add(telemetry::admin({.listen = "127.0.0.1:9464"}));
std::unique_ptr<rpc::Transport> admin(AdminOptions options = {});

}  // namespace weft::telemetry
