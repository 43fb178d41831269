#pragma once

#include <atomic>
#include <string>

#include <gtest/gtest.h>

#include "weft/rpc/server.h"
#include "weft/testing/certificates.h"

#include "tests/command/notes_service.h"

namespace weft::test {

/// A server with Notes and a certificate on a port of this machine.
class TlsNotesServer {
 public:
  explicit TlsNotesServer(const TlsServerOptions& tls) : server_(options(tls)) {
    server_.add<Notes>();
    server_.use([this](Call& call, Next next) {
      const auto token = call.request_metadata().get("authorization");
      if (token) tokens_seen_ = true;
      return next(call);
    });
    const Status status = server_.start();
    EXPECT_TRUE(status.ok()) << status.to_string();
  }

  std::string address() const { return "localhost:" + std::to_string(server_.port()); }
  /// Whether any call came with `authorization`.
  bool tokens_seen() const { return tokens_seen_; }

 private:
  static ServerOptions options(const TlsServerOptions& tls) {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.tls = tls;
    return options;
  }

  std::atomic<bool> tokens_seen_ = false;
  Server server_;
};

inline TlsServerOptions with_certificate(const testing::CertificateText& text) {
  TlsServerOptions options;
  options.certificates.push_back({.certificate = text.certificate, .key = text.key});
  return options;
}

}  // namespace weft::test
