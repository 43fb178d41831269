// Sessions that are resumed, and files that change under a running server.

#include <atomic>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/net/tls/internal/test_tls.h"
#include "weft/testing/folder.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using internal::SystemTime;
using test::as_option;
using test::Handshake;
using test::LogLines;
using test::read_exactly;
using test::run;
using test::write_all;
using testing::CertificateAuthority;
using testing::CertificateText;
using testing::Folder;

/// Where a handshake's tickets have reached the client.
Task<Status> greet(Stream& client, Stream& server) {
  const Status status = co_await write_all(server, "hello");
  EXPECT_EQ(*co_await read_exactly(client, 5), "hello");
  co_return status;
}

struct TlsResumption : test::TlsPair {
  bool resumed() {
    Handshake both = shake_hands();
    EXPECT_EQ(both.client_error(), "ok");
    EXPECT_EQ(both.server_error(), "ok");
    if (!both.client.ok() || !both.server.ok()) return false;
    EXPECT_TRUE(run(loop, greet(both.a(), both.b())).ok());
    EXPECT_EQ(both.a().tls()->resumed, both.b().tls()->resumed);
    last = both.b().tls();
    last_client = both.a().tls();
    return both.a().tls()->resumed;
  }
  std::shared_ptr<const TlsInfo> last;
  std::shared_ptr<const TlsInfo> last_client;
};

TEST_F(TlsResumption, HappensFromTheSecondConnectionOn) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client_test.max_version = version;
    make_contexts();
    EXPECT_FALSE(resumed());
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(resumed()) << i;
    EXPECT_EQ(last_client->identity()->subject, "CN=greeter");
  }
}

TEST_F(TlsResumption, KeepsTheClientsIdentity) {
  use_client_certificate(ca.client({.common_name = "reader", .uris = {"spiffe://test/reader"}}));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client_test.max_version = version;
    make_contexts();
    EXPECT_FALSE(resumed());
    EXPECT_TRUE(resumed());
    ASSERT_NE(last->identity(), nullptr);
    EXPECT_EQ(last->identity()->spiffe_id(), "spiffe://test/reader");
  }
}

TEST_F(TlsResumption, IsForTheSameNameOnly) {
  server.certificates = {as_option(ca.server({.dns = {"greeter.test", "other.test"}}))};
  EXPECT_FALSE(resumed());
  Handshake both = shake_hands("other.test");
  ASSERT_EQ(both.client_error(), "ok");
  EXPECT_FALSE(both.a().tls()->resumed);
}

TEST_F(TlsResumption, GoesOnOverAReloadWithTheSameRules) {
  EXPECT_FALSE(resumed());
  ASSERT_TRUE(server_context->reload().ok());
  EXPECT_TRUE(resumed());
}

TEST_F(TlsResumption, EndsWithTheAuthorityThatVouchedForTheClient) {
  const Folder folder;
  CertificateAuthority clients("clients");
  use_client_certificate(clients.client({.common_name = "reader"}));
  server.client_ca = folder.write("ca.pem", clients.certificate());
  EXPECT_FALSE(resumed());
  EXPECT_TRUE(resumed());
  folder.write("ca.pem", CertificateAuthority("others").certificate());
  ASSERT_TRUE(server_context->reload().ok());
  EXPECT_NE(shake_hands().server_error().find("was issued by CN=clients, which is not trusted"),
            std::string::npos);
}

TEST_F(TlsResumption, IsNotForClientsThatVerifyNothing) {
  client.insecure = true;
  EXPECT_FALSE(resumed());
  EXPECT_FALSE(resumed());
}

TEST_F(TlsResumption, EndsWithTheKeysOfTheTickets) {
  const SystemTime start = std::chrono::system_clock::now();
  auto now = std::make_shared<SystemTime>(start);
  server_test.clock = [now] { return *now; };
  // From here on only the server's clock decides, whose keys seal for 12 hours and open for 24.
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client_test.max_version = version;
    *now = start;
    make_contexts();
    EXPECT_FALSE(resumed());
    *now += 13h;
    EXPECT_TRUE(resumed());
    *now += 13h;
    // TLS 1.2 keeps the first ticket, of a key that is gone; with 1.3 there was a new one.
    EXPECT_EQ(resumed(), version == TLS1_3_VERSION);
    *now += 25h;
    EXPECT_FALSE(resumed());
    // A clock set back is no reason for keys to last.
    *now -= 1h;
    EXPECT_FALSE(resumed());
  }
}

TEST_F(TlsResumption, NeverOutlivesACertificate) {
  auto now = std::make_shared<SystemTime>(std::chrono::system_clock::now());
  use_client_certificate(ca.client({.common_name = "reader", .valid_until = 24h}));
  for (const bool server_clock : {true, false}) {
    internal::TlsTestSettings moved;
    moved.clock = [now] { return *now; };
    // Or the handshake that follows would fail, too.
    moved.verifies_by_clock = false;
    *now = std::chrono::system_clock::now();
    server_context =
        test::must(make_server_context(server, server_clock ? moved : internal::TlsTestSettings{}));
    client_context =
        test::must(make_client_context(client, server_clock ? internal::TlsTestSettings{} : moved));
    EXPECT_FALSE(resumed());
    EXPECT_TRUE(resumed());
    // Client: the server's certificate lives 30 days, its session's timeout is hours.
    *now += server_clock ? 25h : 24h * 31;
    EXPECT_FALSE(resumed());
  }
}

struct TlsReload : test::TlsPair {
  TlsReload() {
    write_pair("one");
    server.certificates = {{directory.file("cert.pem"), directory.file("key.pem")}};
    client.reload_interval = server.reload_interval = Duration::zero();
    (void)shake_hands();
  }
  CertificateText pair(const std::string& name) {
    return ca.server({.common_name = name, .dns = {"greeter.test"}});
  }
  void write_pair(const std::string& name) {
    const CertificateText text = pair(name);
    directory.write("cert.pem", text.certificate);
    directory.write("key.pem", text.key);
  }
  std::string shown() {
    Handshake both = shake_hands();
    return both.client.ok() ? both.a().tls()->chain.at(0).subject : both.client_error();
  }
  Folder directory;
  LogLines log;
};

TEST_F(TlsReload, ShowsChangedCertificatesToWhoComesLaterAndKeepsConnections) {
  Handshake before = shake_hands();
  ASSERT_EQ(before.client_error(), "ok");
  EXPECT_EQ(before.a().tls()->chain.at(0).subject, "CN=one");
  write_pair("two");
  EXPECT_EQ(shown(), "CN=two");
  EXPECT_TRUE(run(loop, greet(before.a(), before.b())).ok());
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_TRUE(log.lines[0].starts_with("tls: loaded again: CN=two, until ")) << log.lines[0];
}

TEST_F(TlsReload, KeepsTheOldFilesWhileNewOnesAreHalfWritten) {
  const CertificateText next = pair("two");
  directory.write("cert.pem", next.certificate.substr(0, 100));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(shown(), "CN=one");
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.take()[0],
            "! tls: changed files cannot be used, those loaded before stay in use: " +
                directory.file("cert.pem") + ": certificate 1 cannot be read: bad end line");
  directory.write("cert.pem", next.certificate);
  EXPECT_EQ(shown(), "CN=one");
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.take()[0],
            "! tls: changed files cannot be used, those loaded before stay in use: " +
                directory.file("key.pem") +
                ": the private key does not belong to the certificate CN=two of " +
                directory.file("cert.pem"));
  directory.write("key.pem", next.key);
  EXPECT_EQ(shown(), "CN=two");
  std::filesystem::remove(directory.file("cert.pem"));
  EXPECT_EQ(shown(), "CN=two");
  EXPECT_TRUE(log.lines.back().ends_with("cert.pem: no such file")) << log.lines.back();
}

TEST_F(TlsReload, FollowsALinkThatIsMadeToPointElsewhere) {
  // As Kubernetes mounts a secret: file -> ..data/file, ..data -> a directory for each version.
  const auto version = [&](const std::string& name) {
    std::filesystem::create_directory(directory.file(name));
    const CertificateText text = pair(name);
    directory.write(name + "/tls.crt", text.certificate);
    directory.write(name + "/tls.key", text.key);
  };
  version("v1");
  version("v2");
  std::filesystem::create_symlink("v1", directory.file("..data"));
  std::filesystem::create_symlink("..data/tls.crt", directory.file("tls.crt"));
  std::filesystem::create_symlink("..data/tls.key", directory.file("tls.key"));
  server.certificates = {{directory.file("tls.crt"), directory.file("tls.key")}};
  make_contexts();
  EXPECT_EQ(shown(), "CN=v1");
  std::filesystem::create_symlink("v2", directory.file("..new"));
  std::filesystem::rename(directory.file("..new"), directory.file("..data"));
  EXPECT_EQ(shown(), "CN=v2");
}

TEST_F(TlsReload, LooksOnceAnIntervalOrWhenAsked) {
  server.reload_interval = 1h;
  make_contexts();
  EXPECT_EQ(shown(), "CN=one");
  write_pair("two");
  EXPECT_EQ(shown(), "CN=one");
  EXPECT_TRUE(server_context->reload().ok());
  EXPECT_EQ(shown(), "CN=two");
  directory.write("key.pem", "nonsense");
  EXPECT_EQ(server_context->reload().to_string(), "INVALID_ARGUMENT: " + directory.file("key.pem") +
                                                      ": there is no PEM private key in it");
  EXPECT_EQ(shown(), "CN=two");
}

TEST_F(TlsReload, TrustsChangedAuthoritiesOnTheClient) {
  client.ca = directory.write("ca.pem", ca.certificate());
  make_contexts();
  EXPECT_EQ(shown(), "CN=one");
  EXPECT_EQ(shown(), "CN=one");
  // A session that was verified by the old authority is not resumed.
  directory.write("ca.pem", CertificateAuthority("another").certificate());
  EXPECT_NE(shown().find("which is not trusted"), std::string::npos);
  directory.write("ca.pem", ca.certificate());
  EXPECT_EQ(shown(), "CN=one");
}

TEST_F(TlsReload, GoesOnWhileManyThreadsShakeHands) {
  make_contexts();
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      AsioLoop own;
      for (int round = 0; round < 25; ++round) {
        auto [a, b] = memory_pair(own, own);
        Handshake both = run(own, test::shake(client_context, server_context, std::move(a),
                                              std::move(b), "greeter.test"));
        if (!both.client.ok() || !both.server.ok()) {
          ++failed;
          continue;
        }
        EXPECT_TRUE(run(own, greet(both.a(), both.b())).ok());
      }
    });
  }
  for (int i = 0; i < 10; ++i) {
    write_pair("changed");
    (void)server_context->reload();
    (void)client_context->reload();
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
}

TEST_F(TlsReload, WarnsOfCertificatesThatExpireSoon) {
  const CertificateText text =
      ca.server({.common_name = "soon", .dns = {"greeter.test"}, .valid_until = 24h * 6});
  server.certificates = {as_option(text)};
  make_contexts();
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_TRUE(
      log.lines[0].starts_with("! tls: certificate: the certificate CN=soon expires soon, on "))
      << log.lines[0];
}

struct LoadCase {
  const char* what;
  TlsServerOptions options;
  std::string error;
};

TEST(TlsLoading, NamesTheFileAndTheCause) {
  const Folder directory;
  const CertificateAuthority ca;
  const CertificateText good = ca.server({.common_name = "good"});
  const CertificateText other = ca.server({.common_name = "other"});
  const std::string cert = directory.write("cert.pem", good.certificate);
  const std::string key = directory.write("key.pem", good.key);
  const std::string wrong_key = directory.write("wrong.pem", other.key);
  const std::string empty = directory.write("empty.pem", "");
  const std::string both = directory.write("both.pem", good.certificate + good.key);
  const std::vector<LoadCase> cases = {
      {"files", {.certificates = {{cert, key}}}, "OK"},
      {"one file for both", {.certificates = {{both, ""}}}, "OK"},
      {"nothing", {}, "INVALID_ARGUMENT: certificates is empty: a TLS server needs at least one"},
      {"no file",
       {.certificates = {{"/no/such", key}}},
       "INVALID_ARGUMENT: /no/such: no such file"},
      {"a directory",
       {.certificates = {{directory.path(), key}}},
       "INVALID_ARGUMENT: " + directory.path() + ": is a directory"},
      {"empty file",
       {.certificates = {{empty, key}}},
       "INVALID_ARGUMENT: " + empty + ": there is no PEM certificate in it"},
      {"key for a certificate",
       {.certificates = {{key, key}}},
       "INVALID_ARGUMENT: " + key + ": there is no PEM certificate in it"},
      {"another's key",
       {.certificates = {{cert, wrong_key}}},
       "INVALID_ARGUMENT: " + wrong_key +
           ": the private key does not belong to the certificate CN=good of " + cert},
      {"no key",
       {.certificates = {{cert, ""}}},
       "INVALID_ARGUMENT: " + cert + ": there is no PEM private key in it"},
      {"unknown cipher",
       {.certificates = {{cert, key}}, .ciphers = "ROT13"},
       "INVALID_ARGUMENT: ciphers \"ROT13\": no cipher match"},
      {"unknown suite",
       {.certificates = {{cert, key}}, .ciphersuites = "TLS_ROT13"},
       "INVALID_ARGUMENT: ciphersuites \"TLS_ROT13\": no cipher match"},
      {"client certificates without authority",
       {.certificates = {{cert, key}}, .client_certificate = ClientCertificate::Required},
       "INVALID_ARGUMENT: client_ca is empty: client certificates cannot be verified"},
      {"client_ca that is no file",
       {.certificates = {{cert, key}},
        .client_ca = "/no/ca",
        .client_certificate = ClientCertificate::Optional},
       "INVALID_ARGUMENT: /no/ca: no such file"},
  };
  for (const LoadCase& one : cases) {
    EXPECT_EQ(TlsServerContext::create(one.options).status().to_string(), one.error) << one.what;
  }
  EXPECT_EQ(TlsClientContext::create({.ca = empty}).status().to_string(),
            "INVALID_ARGUMENT: " + empty + ": there is no PEM certificate in it");
  EXPECT_EQ(TlsClientContext::create({.key = key}).status().to_string(),
            "INVALID_ARGUMENT: key is set and certificate is not");
  EXPECT_TRUE(TlsClientContext::create({}).ok());
}

}  // namespace
}  // namespace weft::net
