// Clients that misuse TLS, or never get as far as HTTP/2.

#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/testing/certificates.h"

#include "tests/attacks/victim.h"

namespace weft::attacks {
namespace {

using namespace std::chrono_literals;
using http2::FrameType;

/// A server with TLS, and its well-behaved client.
class TlsVictim {
 public:
  explicit TlsVictim(ServerOptions options = {}) : TlsVictim(std::move(options), ca_server()) {}
  Victim& operator*() noexcept { return *victim_; }
  Victim* operator->() noexcept { return victim_.get(); }

 private:
  struct Issued {
    std::string ca;
    testing::CertificateText certificate;
  };
  static Issued ca_server() {
    const testing::CertificateAuthority ca;
    testing::CertificateOptions options;
    options.ips = {"127.0.0.1"};
    return {.ca = ca.certificate(), .certificate = ca.server(options)};
  }
  TlsVictim(ServerOptions options, const Issued& issued) {
    TlsServerOptions tls;
    tls.certificates.push_back(
        {.certificate = issued.certificate.certificate, .key = issued.certificate.key});
    options.tls = std::move(tls);
    ChannelOptions client;
    TlsClientOptions trust;
    trust.ca = issued.ca;
    client.tls = std::move(trust);
    victim_ = std::make_unique<Victim>(std::move(options), std::move(client));
  }
  std::unique_ptr<Victim> victim_;
};

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  // So that nothing here waits for ever.
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  return fd;
}

/// A client made of OpenSSL alone. It verifies nothing.
class TlsClient {
 public:
  explicit TlsClient(int version) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_, version);
    SSL_CTX_set_max_proto_version(context_, version);
    static constexpr unsigned char kAlpn[] = {2, 'h', '2'};
    SSL_CTX_set_alpn_protos(context_, kAlpn, sizeof kAlpn);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient() {
    close();
    if (session_ != nullptr) SSL_SESSION_free(session_);
    SSL_CTX_free(context_);
  }
  /// Makes the connection, without a handshake.
  SSL* begin(std::uint16_t port) {
    close();
    fd_ = connect_to(port);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_);
    SSL_set_connect_state(ssl_);
    return ssl_;
  }
  void write(std::string_view bytes) {
    EXPECT_EQ(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
  }
  /// Reads until `bytes` are there; false when there will be no more.
  bool read(std::size_t bytes) {
    char buffer[4096];
    while (bytes > 0) {
      const int n = SSL_read(ssl_, buffer, sizeof buffer);
      if (n <= 0) return false;
      bytes -= std::min(bytes, static_cast<std::size_t>(n));
    }
    return true;
  }
  SSL_SESSION* session() {
    if (session_ == nullptr) session_ = SSL_get1_session(ssl_);
    return session_;
  }
  void close() {
    if (ssl_ != nullptr) SSL_free(std::exchange(ssl_, nullptr));
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  SSL_SESSION* session_ = nullptr;
  int fd_ = -1;
};

TEST(TlsRenegotiation, IsRefused) {
  TlsVictim victim;
  victim->outlive(
      [&] {
        TlsClient client(TLS1_2_VERSION);
        SSL* ssl = client.begin(victim->port());
        ASSERT_EQ(SSL_do_handshake(ssl), 1);
        client.write(testing::client_preface());
        EXPECT_TRUE(client.read(20));
        EXPECT_EQ(SSL_renegotiate(ssl), 1);
        EXPECT_NE(SSL_do_handshake(ssl), 1);
      },
      5);
}

TEST(TlsEarlyData, IsNotOffered) {
  TlsVictim victim;
  TlsClient client(TLS1_3_VERSION);
  SSL* ssl = client.begin(victim->port());
  ASSERT_EQ(SSL_do_handshake(ssl), 1);
  client.write(testing::client_preface());
  // With the server's first frames its tickets have come.
  EXPECT_TRUE(client.read(20));
  SSL_SESSION* session = client.session();
  ASSERT_EQ(SSL_SESSION_is_resumable(session), 1);
  EXPECT_EQ(SSL_SESSION_get_max_early_data(session), 0U);

  victim->serves_on();
}

// Each asks for an answer.
TEST(TlsKeyUpdates, InGreatNumbersHoldNothing) {
  TlsVictim victim;
  TlsClient client(TLS1_3_VERSION);
  SSL* ssl = client.begin(victim->port());
  ASSERT_EQ(SSL_do_handshake(ssl), 1);
  client.write(testing::client_preface());
  const std::size_t before = ::mallinfo2().uordblks;
  bool open = true;
  victim->outlive(
      [&] {
        for (int i = 0; i < 200 && open; ++i) {
          open = SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl) == 1;
        }
      },
      10);
  EXPECT_LT(::mallinfo2().uordblks, before + 4 * 1024 * 1024);
}

/// A handshake's first bytes: a record of a ClientHello, and some of that.
std::string part_of_hello() {
  return hex("160301020001") + hex("0001fc0303") + std::string(100, 'r');
}

TEST(TlsHandshakes, HalfDoneEndInTime) {
  TlsVictim victim({.handshake_timeout = 500ms});
  std::vector<std::unique_ptr<Attacker>> attackers;
  for (int i = 0; i < 100; ++i) {
    attackers.push_back(std::make_unique<Attacker>(victim->port(), Attacker::Hello::Nothing));
    attackers.back()->send(part_of_hello());
  }
  victim->serves_on();
  for (const auto& attacker : attackers) EXPECT_TRUE(attacker->wait_closed());
  while (victim->server().active_connections() > 1) victim->serves_on(1);
}

TEST(TlsHandshakes, ByTheByteEndInTimeToo) {
  TlsVictim victim({.handshake_timeout = 500ms});
  Attacker attacker(victim->port(), Attacker::Hello::Nothing);
  for (const char byte : part_of_hello()) {
    if (attacker.send({&byte, 1}) != Attacker::Sent::All || !attacker.read(20ms)) break;
  }
  EXPECT_TRUE(attacker.wait_closed());
  victim->serves_on();
}

TEST(TlsHandshakes, DoneAndThenSilentEndInTime) {
  TlsVictim victim({.handshake_timeout = 500ms});
  TlsClient client(TLS1_3_VERSION);
  ASSERT_EQ(SSL_do_handshake(client.begin(victim->port())), 1);
  EXPECT_FALSE(client.read(100000));
  while (victim->server().active_connections() > 1) victim->serves_on(1);
}

TEST(TlsHandshakes, ThatAreNoneEndAtOnce) {
  TlsVictim victim;
  Attacker attacker(victim->port(), Attacker::Hello::Nothing);
  attacker.send(testing::client_preface() + call(1));
  EXPECT_TRUE(attacker.wait_closed(5s));
  Attacker garbage(victim->port(), Attacker::Hello::Nothing);
  garbage.send(std::string(100, '\xff'));
  EXPECT_TRUE(garbage.wait_closed(5s));
  victim->serves_on();
}

TEST(TlsConnections, ThatAreIdleHoldLittle) {
  TlsVictim victim;
  TlsClient first(TLS1_3_VERSION);
  ASSERT_EQ(SSL_do_handshake(first.begin(victim->port())), 1);
  std::vector<std::unique_ptr<TlsClient>> clients;
  const std::size_t before = ::mallinfo2().uordblks;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<TlsClient>(TLS1_3_VERSION));
    SSL* ssl = clients.back()->begin(victim->port());
    ASSERT_EQ(SSL_do_handshake(ssl), 1);
    clients.back()->write(testing::client_preface());
    EXPECT_TRUE(clients.back()->read(20));
  }
  // Both sides' state, in one process.
  const std::size_t each = (::mallinfo2().uordblks - before) / clients.size();
  RecordProperty("bytes_each", static_cast<int>(each));
  EXPECT_LT(each, 256U * 1024);
}

}  // namespace
}  // namespace weft::attacks
