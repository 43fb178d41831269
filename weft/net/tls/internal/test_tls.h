#pragma once

// What the tests of TLS share: contexts made in a line, and a handshake of both sides.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/net/loop/internal/test_io.h"
#include "weft/net/socket/memory_stream.h"
#include "weft/net/tls/internal/tls_contexts.h"
#include "weft/net/tls/tls.h"
#include "weft/testing/certificates.h"

namespace weft::net::test {

/// A task that runs beside others on the current loop.
template <class T>
struct Beside {
  explicit Beside(Task<T> started, Context* context = nullptr) : task(std::move(started)) {
    task.start(context, {.function = [](void* self) noexcept { static_cast<Beside*>(self)->end(); },
                         .argument = this});
  }
  void end() noexcept {
    if (waiting != nullptr) waiting->complete();
  }
  /// The task's result, once it has ended.
  Task<T> result() {
    if (!task.done()) {
      Wait wait(*Loop::current());
      waiting = &wait;
      const Status status = co_await wait;
      waiting = nullptr;
      EXPECT_TRUE(status.ok());
    }
    co_return task.take();
  }
  Task<T> task;
  Wait* waiting = nullptr;
};

using StreamResult = Result<std::unique_ptr<Stream>>;

/// Both sides of a handshake, as they saw it.
struct Handshake {
  StreamResult client = Status(unknown_error("not run"));
  StreamResult server = Status(unknown_error("not run"));
  Stream& a() { return **client; }
  Stream& b() { return **server; }
  std::string client_error() const { return text_of(client); }
  std::string server_error() const { return text_of(server); }

 private:
  /// Every failure is UNAVAILABLE of origin Transport; the message is what differs.
  static std::string text_of(const StreamResult& result) {
    if (result.ok()) return "ok";
    EXPECT_EQ(result.status().code(), StatusCode::Unavailable) << result.status().to_string();
    EXPECT_EQ(result.status().origin(), Origin::Transport);
    return std::string(result.status().message());
  }
};

inline Task<Handshake> shake(std::shared_ptr<TlsClientContext> client,
                             std::shared_ptr<TlsServerContext> server,
                             std::unique_ptr<Stream> client_end, std::unique_ptr<Stream> server_end,
                             std::string host) {
  Beside<StreamResult> accepting(server->accept(std::move(server_end)));
  Handshake both;
  both.client = co_await client->connect(std::move(client_end), std::move(host));
  both.server = co_await accepting.result();
  co_return both;
}

template <class T>
std::shared_ptr<T> must(Result<std::shared_ptr<T>> made) {
  if (!made) throw std::runtime_error(made.status().to_string());
  return std::move(made).value();
}

inline TlsCertificate as_option(const testing::CertificateText& text) {
  return {.certificate = text.certificate, .key = text.key};
}

/// What is logged while this exists, a line each; Warn and above with the level before it.
class LogLines {
 public:
  LogLines() {
    set_log_sink([this](LogLevel level, std::string_view text) {
      lines.push_back((level >= LogLevel::Warn ? "! " : "") + std::string(text));
    });
  }
  ~LogLines() { set_log_sink({}); }
  std::vector<std::string> take() { return std::exchange(lines, {}); }
  std::vector<std::string> lines;
};

/// A server and a client that trust each other; a test changes the options and shakes hands, over
/// streams in memory.
struct TlsPair : ::testing::Test {
  TlsPair() {
    server.certificates = {
        as_option(ca.server({.common_name = "greeter", .dns = {"greeter.test"}}))};
    client.ca = ca.certificate();
  }
  void make_contexts() {
    server_context = must(make_server_context(server, server_test));
    client_context = must(make_client_context(client, client_test));
  }
  /// With contexts made of the options, or those there are.
  Handshake shake_hands(const std::string& host = "greeter.test") {
    if (server_context == nullptr) make_contexts();
    auto [a, b] = memory_pair(loop, loop);
    return run(loop, shake(client_context, server_context, std::move(a), std::move(b), host));
  }
  /// The client shows a certificate; the server asks for one.
  void use_client_certificate(const testing::CertificateText& text) {
    server.client_ca = ca.certificate();
    server.client_certificate = ClientCertificate::Required;
    client.certificate = text.certificate;
    client.key = text.key;
  }

  AsioLoop loop;
  testing::CertificateAuthority ca;
  TlsServerOptions server;
  TlsClientOptions client;
  internal::TlsTestSettings server_test;
  internal::TlsTestSettings client_test;
  std::shared_ptr<TlsServerContext> server_context;
  std::shared_ptr<TlsClientContext> client_context;
};

}  // namespace weft::net::test
