#include <fstream>
#include <iterator>
#include <utility>

#include "weft/base/log.h"
#include "weft/http1/server/protocol.h"
#include "weft/net/socket/address_scope.h"
#include "weft/rpc/server/server.h"
#include "weft/telemetry/admin/admin.h"
#include "weft/telemetry/admin/internal/admin_pages.h"

namespace weft::telemetry {
namespace {

using internal::AdminPages;

constexpr std::size_t kLeastToken = 16;
constexpr std::size_t kMostToken = 4096;

/// A token is one line. Empty where no file is named.
Result<std::string> read_token(const std::string& file, const std::string& option) {
  if (file.empty()) return std::string();
  std::ifstream in(file, std::ios::binary);
  std::string token(kMostToken + 2, '\0');
  in.read(token.data(), static_cast<std::streamsize>(token.size()));
  if (in.bad() || (!in.eof() && in.fail()) || !in.is_open()) {
    return unavailable("AdminOptions::" + option + ": cannot read " + file);
  }
  token.resize(static_cast<std::size_t>(in.gcount()));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  if (token.size() >= kLeastToken && token.size() <= kMostToken) return token;
  return invalid_argument("AdminOptions::" + option + ": the token in " + file + " has " +
                          std::to_string(token.size()) + " characters, not " +
                          std::to_string(kLeastToken) + " to " + std::to_string(kMostToken));
}

/// One token for two roles would be good for the greater one.
Result<AdminPages::Tokens> read_tokens(const AdminOptions& options) {
  Result<std::string> metrics = read_token(options.metrics_token_file, "metrics_token_file");
  if (!metrics.ok()) return std::move(metrics).status();
  Result<std::string> read = read_token(options.token_file, "token_file");
  if (!read.ok()) return std::move(read).status();
  Result<std::string> change = read_token(options.change_token_file, "change_token_file");
  if (!change.ok()) return std::move(change).status();
  const auto same = [](const std::string& a, const std::string& b) { return !a.empty() && a == b; };
  if (same(*metrics, *read) || same(*read, *change) || same(*metrics, *change)) {
    return invalid_argument(
        "AdminOptions: metrics_token_file, token_file and change_token_file hold the same token");
  }
  return AdminPages::Tokens{*std::move(metrics), *std::move(read), *std::move(change)};
}

ServerOptions server_options(const AdminOptions& options) {
  ServerOptions made;
  made.listen = options.listen;
  made.tls = options.tls;
  made.health = false;
  made.reflection = false;
  // For scrapers and people: some connections, and little memory.
  made.max_connections = 64;
  made.max_calls_per_connection = 16;
  made.max_memory = std::size_t{64} * 1024 * 1024;
  made.max_connection_memory = std::size_t{8} * 1024 * 1024;
  made.stall_timeout = std::chrono::seconds(30);
  return made;
}

}  // namespace

class AdminServer::Impl {
 public:
  explicit Impl(AdminOptions options)
      : options_(std::move(options)),
        pages_(std::make_shared<AdminPages>(AdminPages::Options{
            .registry = options_.registry == nullptr ? &registry() : options_.registry,
            .max_scrapes = options_.max_scrapes,

            .ready = options_.ready,
            .changes = options_.changes})) {}

  Status start() {
    Result<AdminPages::Tokens> tokens = read_tokens(options_);
    if (!tokens.ok()) return std::move(tokens).status();
    // One that was started before goes first; it has the address.
    server_.reset();
    pages_->close();
    server_ = std::make_unique<Server>(server_options(options_));
    server_->add(std::shared_ptr<rpc::HttpHandler>(pages_));
    server_->add(http1::protocol());
    Status status = server_->start();
    if (status.ok()) status = check_access();
    if (status.ok()) status = check_changes();
    if (!status.ok()) {
      server_.reset();
      return status.with_prefix("the admin port");
    }
    pages_->open(*std::move(tokens));
    for (const net::Address& address : server_->addresses()) {
      log(LogLevel::Info,
          "admin port on " + address.to_string() + ": /metrics /healthz /readyz /log/levels");
    }
    return {};
  }

  const std::vector<net::Address>& addresses() const noexcept {
    static const std::vector<net::Address> kNone;
    return server_ == nullptr ? kNone : server_->addresses();
  }
  std::uint16_t port() const noexcept { return server_ == nullptr ? 0 : server_->port(); }
  void set_ready(Status status) { pages_->set_ready(std::move(status)); }

 private:
  bool authenticates() const noexcept {
    return !options_.metrics_token_file.empty() || !options_.token_file.empty() ||
           !options_.change_token_file.empty() ||
           (options_.tls && options_.tls->client_certificate == ClientCertificate::Required);
  }
  Status check_changes() const {
    if (options_.changes == AdminChanges::Refused || authenticates()) return {};
    for (const net::Address& address : server_->addresses()) {
      // An abstract socket has no file with permissions.
      if (address.family() == net::Address::Family::Unix && !address.host().starts_with('@')) {
        continue;
      }
      return invalid_argument("lets each user of this machine who reaches " + address.to_string() +
                              " change the program (AdminOptions::changes): set token_file or TLS "
                              "with client certificates, or listen on a Unix socket");
    }
    return {};
  }
  Status check_access() const {
    if (options_.access == AdminAccess::Everyone || authenticates()) return {};
    for (const net::Address& address : server_->addresses()) {
      if (net::scope_of(address) == net::AddressScope::Machine) continue;
      return invalid_argument(
          "listens on " + address.to_string() +
          ", which others reach, without authentication: listen on 127.0.0.1 or a Unix socket, set "
          "AdminOptions::token_file or TLS with client certificates, or say "
          "AdminAccess::Everyone");
    }
    return {};
  }

  AdminOptions options_;
  const std::shared_ptr<AdminPages> pages_;
  std::unique_ptr<Server> server_;
};

AdminServer::AdminServer(AdminOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
AdminServer::~AdminServer() = default;
Status AdminServer::start() { return impl_->start(); }
const std::vector<net::Address>& AdminServer::addresses() const noexcept {
  return impl_->addresses();
}
std::uint16_t AdminServer::port() const noexcept { return impl_->port(); }
void AdminServer::set_ready(Status status) { impl_->set_ready(std::move(status)); }

}  // namespace weft::telemetry
