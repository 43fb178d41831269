// TLS between a Server and a Channel: who the handler sees, what a caller and the server's log are
// told when there is no connection, certificates that change under way.

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/base/log.h"
#include "weft/testing/certificates.h"

#include "tests/rpc/echo_service.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using ::testing::AllOf;
using testing::CertificateAuthority;
using testing::CertificateText;
using ::testing::Contains;
using ::testing::HasSubstr;

TlsCertificate as_option(const CertificateText& text) {
  return {.certificate = text.certificate, .key = text.key};
}

/// The lines of the log while it lives, from every thread.
class LogLines {
 public:
  LogLines() {
    set_log_sink([this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
      came_.notify_all();
    });
  }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;
  ~LogLines() { set_log_sink({}); }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  /// Bounded: whoever looks at the lines then says what is missing.
  void wait_for_a_line() {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, 10s, [this] { return !lines_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> lines_;
};

/// Answers with what it sees of its client.
class Mirror final : public Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text&) override {
    const auto& tls = context.peer().tls;
    std::string seen = tls ? tls->version + " " + tls->alpn : "plaintext";
    if (const net::CertificateInfo* who = context.identity()) {
      seen.append(" ").append(who->subject).append(" ").append(who->spiffe_id());
    }
    co_return test::text(seen);
  }
};

class Tls : public ::testing::Test {
 protected:
  Tls() {
    server_.listen = "127.0.0.1:0";
    server_.tls.emplace();
    server_.tls->certificates = {
        as_option(ca_.server({.dns = {"localhost"}, .ips = {"127.0.0.1"}}))};
    client_.tls.emplace();
    client_.tls->ca = ca_.certificate();
    client_.initial_backoff = 10ms;
  }
  void start() {
    running_ = std::make_unique<Server>(server_);
    running_->add<Mirror>();
    const Status status = running_->start();
    ASSERT_TRUE(status.ok()) << status.to_string();
  }
  std::string target() const { return "127.0.0.1:" + std::to_string(running_->port()); }
  /// One call on a connection of its own.
  Result<Text> call() {
    Channel channel(target(), client_);
    return test::call(channel, "x", {.timeout = 10s});
  }
  /// What a call sees that must not get through, and what the server logs of it.
  void expect_refused(std::string_view caller, std::string_view logged) {
    LogLines log;
    start();
    const Result<Text> reply = call();
    EXPECT_EQ(reply.status().code(), StatusCode::Unavailable) << reply.status().to_string();
    EXPECT_EQ(reply.status().origin(), Origin::Transport);
    EXPECT_THAT(std::string(reply.status().message()),
                AllOf(HasSubstr("127.0.0.1:"), HasSubstr(std::string(caller))));
    // The caller may know before the server has read what it sent.
    log.wait_for_a_line();
    running_.reset();
    EXPECT_THAT(log.lines(), Contains(HasSubstr(std::string(logged))));
  }

  CertificateAuthority ca_{"weft test CA"};
  ServerOptions server_;
  ChannelOptions client_;
  std::unique_ptr<Server> running_;
};

/// Sends `all` in three messages.
Task<Result<Text>> collect(Channel& channel, const std::string& all) {
  auto stream = co_await test::collect(channel, {.timeout = 10s});
  const Text part = test::text(std::string_view(all).substr(0, all.size() / 3));
  for (int i = 0; i < 3; ++i) {
    if (!co_await stream.write(part)) break;
  }
  co_return co_await stream.finish();
}

TEST_F(Tls, CarriesCallsOfEveryKindAndSize) {
  start();
  Channel channel(target(), client_);
  const Result<Text> reply = test::call(channel, "x", {.timeout = 10s});
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "TLSv1.3 h2");
  const std::string large(3'000'000, 'x');
  const Result<Text> collected =
      net::run_blocking(channel.blocking_loop(), collect(channel, large));
  ASSERT_TRUE(collected.ok()) << collected.status().to_string();
  EXPECT_EQ(collected->value(), large);
}

TEST_F(Tls, ShowsTheHandlerWhoTheClientIs) {
  server_.tls->client_ca = ca_.certificate();
  server_.tls->client_certificate = ClientCertificate::Required;
  const CertificateText mine =
      ca_.client({.common_name = "billing", .uris = {"spiffe://example.test/billing"}});
  client_.tls->certificate = mine.certificate;
  client_.tls->key = mine.key;
  start();
  for (int i = 0; i < 2; ++i) {  // the second resumes the session of the first
    const Result<Text> reply = call();
    ASSERT_TRUE(reply.ok()) << reply.status().to_string();
    EXPECT_EQ(reply->value(), "TLSv1.3 h2 CN=billing spiffe://example.test/billing");
  }
}

/// Answers with the principals of its calls, and whether they are one object.
class PrincipalMirror final : public Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text&) override {
    const std::shared_ptr<const Principal> who = context.call().share_principal();
    if (who == nullptr) co_return test::text("nobody");
    const std::string again = std::exchange(last_, who) == who ? " again" : "";
    co_return test::text(who->scheme + " " + who->issuer + " " + who->subject + again);
  }
  std::shared_ptr<const Principal> last_{};  // one loop
};

TEST_F(Tls, MakesAPrincipalOfTheClientsCertificate) {
  server_.tls->client_ca = ca_.certificate();
  server_.tls->client_certificate = ClientCertificate::Optional;
  server_.threads = 1;
  running_ = std::make_unique<Server>(server_);
  running_->add<PrincipalMirror>();
  ASSERT_TRUE(running_->start().ok());
  EXPECT_EQ(call()->value(), "nobody");
  const auto show = [&](const CertificateText& mine) {
    client_.tls->certificate = mine.certificate;
    client_.tls->key = mine.key;
  };
  show(ca_.client({.common_name = "billing", .uris = {"spiffe://example.test/billing"}}));
  Channel channel(target(), client_);
  const std::string billing = "tls spiffe://example.test spiffe://example.test/billing";
  EXPECT_EQ(test::call(channel, "x", {.timeout = 10s})->value(), billing);
  EXPECT_EQ(test::call(channel, "x", {.timeout = 10s})->value(), billing + " again");
  show(ca_.client({.common_name = "billing", .dns = {"billing.test", "pay.test"}}));
  EXPECT_EQ(call()->value(), "tls CN=weft test CA billing.test");
  show(ca_.client({.common_name = "billing", .email = {"billing@example.test"}}));
  EXPECT_EQ(call()->value(), "tls CN=weft test CA CN=billing");
}

TEST_F(Tls, RefusesAClientWithoutACertificateAndSaysSo) {
  server_.tls->client_ca = ca_.certificate();
  server_.tls->client_certificate = ClientCertificate::Required;
  expect_refused("the server requires a client certificate", "certificate");
}

TEST_F(Tls, RefusesAServerOfAnUnknownIssuerAndSaysWhose) {
  client_.tls->ca = CertificateAuthority("another CA").certificate();
  expect_refused("was issued by CN=weft test CA, which is not trusted", "not trusted");
}

TEST_F(Tls, RefusesAnExpiredCertificateAndSaysSinceWhen) {
  server_.tls->certificates = {
      as_option(ca_.server({.dns = {"localhost"}, .ips = {"127.0.0.1"}, .valid_until = -1h}))};
  expect_refused("expired on", "expired");
}

TEST_F(Tls, RefusesAnotherNameAndSaysWhichThereAre) {
  server_.tls->certificates = {as_option(ca_.server({.dns = {"greeter.test", "hello.test"}}))};
  expect_refused("not for \"127.0.0.1\" but for greeter.test, hello.test", "certificate");
}

TEST_F(Tls, LooksForTheNameThatTheOptionsSay) {
  server_.tls->certificates = {as_option(ca_.server({.dns = {"greeter.test"}}))};
  start();
  client_.tls->server_name = "greeter.test";
  EXPECT_TRUE(call().ok());
  client_.tls->server_name.clear();
  client_.authority = "greeter.test:443";
  EXPECT_TRUE(call().ok());
  client_.authority = "other.test";
  EXPECT_FALSE(call().ok());
  client_.tls->insecure = true;
  EXPECT_TRUE(call().ok());
}

TEST_F(Tls, RefusesPlaintextAndTellsTheCallerWhy) {
  client_.tls.reset();
  expect_refused("this port speaks TLS", "HTTP/2");
}

TEST_F(Tls, SaysThatAServerSpeaksPlaintext) {
  server_.tls.reset();
  expect_refused("plaintext", "TLS");
}

TEST_F(Tls, SaysThatThereIsNoCommonVersion) {
  server_.tls->min_version = TlsVersion::Tls13;
  client_.tls->ciphersuites = "TLS_AES_128_GCM_SHA256";
  server_.tls->ciphersuites = "TLS_AES_256_GCM_SHA384";
  expect_refused("cipher", "cipher");
}

TEST_F(Tls, AndPlaintextOnOnePortWhereThatIsAllowed) {
  server_.tls->allow_plaintext = true;
  start();
  EXPECT_EQ(call()->value(), "TLSv1.3 h2");
  client_.tls.reset();
  EXPECT_EQ(call()->value(), "plaintext");
}

TEST_F(Tls, LeavesUnixSocketsInPlaintext) {
  const std::string path = "/tmp/weft-tls-test-" + std::to_string(getpid());
  server_.listen = "unix:" + path;
  start();
  client_.tls.reset();
  Channel channel("unix:" + path, client_);
  const Result<Text> reply = test::call(channel, "x", {.timeout = 10s});
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "plaintext");
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

TEST_F(Tls, UsesNewCertificatesWithoutDroppingAConnection) {
  const std::string path = "/tmp/weft-tls-reload-" + std::to_string(getpid()) + ".pem";
  const CertificateText first = ca_.server({.dns = {"first.test"}});
  const CertificateText second = ca_.server({.dns = {"second.test"}});
  write_file(path, first.certificate + first.key);
  server_.tls->certificates = {{.certificate = path}};
  client_.tls->server_name = "first.test";
  start();
  Channel kept(target(), client_);
  ASSERT_TRUE(test::call(kept, "x", {.timeout = 10s}).ok());

  write_file(path, second.certificate + second.key);
  ASSERT_TRUE(running_->reload_tls().ok());
  EXPECT_FALSE(call().ok());
  client_.tls->server_name = "second.test";
  const Result<Text> reply = call();
  EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_TRUE(test::call(kept, "x", {.timeout = 10s}).ok());
  while (running_->active_connections() != 1) std::this_thread::yield();  // the others have ended

  write_file(path, first.certificate + second.key);
  const Status mixed = running_->reload_tls();
  EXPECT_THAT(mixed.to_string(), HasSubstr(path));
  EXPECT_TRUE(call().ok()) << "the old one stays in use";
  unlink(path.c_str());
}

TEST_F(Tls, NamesTheFileThatCannotBeUsed) {
  client_.tls->ca = "/no/such/ca.pem";
  Channel channel("127.0.0.1:1", client_);
  const Status status = test::call(channel, "x", {.timeout = 10s}).status();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_THAT(status.to_string(),
              AllOf(HasSubstr("ChannelOptions::tls"), HasSubstr("/no/such/ca.pem")));

  server_.tls->certificates = {{.certificate = "/no/such/cert.pem"}};
  Server server(server_);
  server.add<Mirror>();
  const Status started = server.start();
  EXPECT_EQ(started.code(), StatusCode::InvalidArgument);
  EXPECT_THAT(started.to_string(),
              AllOf(HasSubstr("ServerOptions::tls"), HasSubstr("/no/such/cert.pem")));
}

/// A connection that says nothing.
class SilentClient {
 public:
  explicit SilentClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  SilentClient(const SilentClient&) = delete;
  SilentClient& operator=(const SilentClient&) = delete;
  ~SilentClient() { close(socket_); }
  /// Waits for the server's end of the connection.
  bool is_ended() const {
    char ignored = 0;
    return recv(socket_, &ignored, 1, 0) <= 0;
  }

 private:
  int socket_;
};

TEST_F(Tls, EndsAHandshakeThatDoesNotGetOn) {
  LogLines log;
  server_.handshake_timeout = 50ms;
  start();
  const SilentClient client(running_->port());
  EXPECT_TRUE(client.is_ended());
  running_.reset();
  EXPECT_THAT(log.lines(), Contains(AllOf(HasSubstr("TLS handshake failed: 127.0.0.1:"),
                                          HasSubstr("timed out"))));
}

TEST_F(Tls, StopsWhileHandshakesAreUnderWay) {
  start();
  const SilentClient client(running_->port());
  // Accepted before the stop as a rule; either way it is ended.
  ASSERT_TRUE(call().ok());
  running_->stop(1min);
  EXPECT_TRUE(client.is_ended());
  EXPECT_EQ(running_->active_connections(), 0U);
}

}  // namespace
}  // namespace weft::rpc
