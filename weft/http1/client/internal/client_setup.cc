#include "weft/http1/client/internal/client_setup.h"

#include <mutex>

#include "weft/http1/client/internal/request_text.h"
#include "weft/version.h"

namespace weft::http1 {
namespace {

std::string user_agent_of(const std::string& own) {
  const std::string ours = "weft-http/" + std::string(kVersion);
  return own.empty() ? ours : own + " " + ours;
}

}  // namespace

ClientSetup::ClientSetup(ClientOptions from)
    : options(std::move(from)),
      user_agent(user_agent_of(options.user_agent)),
      accept_encoding(accept_encoding_of(options.accepted_compressions)),
      unusable(options.valid()) {}

Result<std::shared_ptr<net::TlsClientContext>> ClientSetup::tls() const {
  const std::lock_guard lock(mutex_);
  if (tls_ != nullptr) return tls_;
  net::TlsClientOptions tls = options.tls;
  tls.alpn = {"http/1.1"};
  Result<std::shared_ptr<net::TlsClientContext>> made =
      net::TlsClientContext::create(std::move(tls));
  if (!made.ok()) return std::move(made).status().with_prefix("ClientOptions::tls");
  tls_ = *std::move(made);
  return tls_;
}

}  // namespace weft::http1
