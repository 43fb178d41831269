// `weft registry` as a process: killed, restarted with its data, and looked into.

#include <csignal>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "weft/rpc/server.h"
#include "weft/testing/certificates.h"
#include "weft/testing/folder.h"

#include "tests/command/notes_service.h"
#include "tests/command/program.h"

namespace weft::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class WeftRegistry : public ::testing::Test {
 protected:
  /// The first time on a port that the system chooses, and then on the same.
  void start(const std::vector<std::string>& flags = {}) {
    std::vector<std::string> words{"registry", "--listen", "127.0.0.1:" + port_, "--data",
                                   folder_.file("data")};
    words.insert(words.end(), flags.begin(), flags.end());
    registry_ = std::make_unique<Program>(kWeft, words);
    const std::string listening = "listening on 127.0.0.1:";
    const std::string line = registry_->wait_for_error_line(listening);
    ASSERT_THAT(line, HasSubstr(listening));
    port_ = line.substr(line.find(listening) + listening.size());
    port_ = port_.substr(0, port_.find_first_not_of("0123456789"));
    address_ = "127.0.0.1:" + port_;
  }
  Ended end(int signal) {
    registry_->signal(signal);
    Ended ended = registry_->wait();
    registry_.reset();
    return ended;
  }
  std::string target() const { return "weft://" + address_ + "/notes"; }
  std::unique_ptr<Server> server(const std::string& name, const std::string& query = {}) const {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.announce = target() + query;
    options.announce_options.name = name;
    auto made = std::make_unique<Server>(std::move(options));
    made->add<Notes>();
    const Status status = made->start();
    EXPECT_TRUE(status.ok()) << status.to_string();
    return made;
  }
  std::string list(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"registry", "list", address_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = run_weft(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return ended.out;
  }
  /// Asks until the list is as expected.
  bool list_until(const ::testing::Matcher<std::string>& expected,
                  const std::vector<std::string>& flags = {}) const {
    for (int i = 0; i < 500; ++i) {
      if (expected.Matches(list(flags))) return true;
    }
    return false;
  }

  const testing::Folder folder_;
  std::string port_ = "0";
  std::string address_;
  std::unique_ptr<Program> registry_;
};

TEST_F(WeftRegistry, KeepsItsInstancesWhenItIsKilledAndStartedAgain) {
  start();
  const auto one = server("one");
  const auto two = server("two");
  ASSERT_TRUE(list_until(AllOf(HasSubstr("one"), HasSubstr("two"))));
  EXPECT_EQ(end(SIGKILL).status, 128 + SIGKILL);
  start();
  EXPECT_THAT(list(), AllOf(HasSubstr("one"), HasSubstr("two"))) << "at once, from its file";
  one->stop();
  EXPECT_THAT(list(), AllOf(Not(HasSubstr("one")), HasSubstr("two")))
      << "the server that stopped had the new connection by its stop, and has left";
  const Ended ended = end(SIGTERM);
  EXPECT_EQ(ended.status, 0) << ended.err;
}

TEST_F(WeftRegistry, IsListedAsATableAndAsJson) {
  start();
  const auto one = server("one");
  ASSERT_TRUE(list_until(HasSubstr("one")));
  EXPECT_THAT(list(), StartsWith("SERVICE  ADDRESS"));
  EXPECT_THAT(list({"notes", "--json"}),
              AllOf(StartsWith("{\"service\":\"notes\""), HasSubstr("\"name\":\"one\"")));
  EXPECT_EQ(list({"other", "--json"}), "");
  EXPECT_EQ(run_weft({"list", "weft://" + address_ + "/"}).out, "notes\n");
}

TEST_F(WeftRegistry, CallsFindTheServersThatAreInIt) {
  start();
  const auto one = server("one");
  ASSERT_TRUE(list_until(HasSubstr("one")));
  const auto echo = [this] {
    return run_weft({"call", target(), "weft.test.notes.Notes/Echo", R"({"text": "found"})"});
  };
  EXPECT_THAT(echo().out, HasSubstr("found"));
  const auto two = server("two");
  ASSERT_TRUE(list_until(HasSubstr("two")));
  one->stop();
  EXPECT_THAT(echo().out, HasSubstr("found")) << "by the other one";
  two->stop();
  const Ended nobody = echo();
  EXPECT_EQ(nobody.status, 64 + 14) << nobody.err;
}

TEST_F(WeftRegistry, IsWatchedUntilItStops) {
  start();
  Program watch(kWeft, {"registry", "watch", address_});
  auto one = server("one");
  EXPECT_THAT(watch.read_line(), AllOf(HasSubstr(" notes  127.0.0.1:"), HasSubstr("one")));
  one->stop();
  EXPECT_THAT(watch.read_line(), AllOf(StartsWith("- notes"), HasSubstr("(deregistered)")));
  EXPECT_EQ(end(SIGTERM).status, 0);
  EXPECT_EQ(watch.wait().status, 64 + 14);
}

TEST_F(WeftRegistry, KeepsItsDataFromOtherUsers) {
  const mode_t before = ::umask(0);
  start();
  ::umask(before);
  const auto one = server("one");
  ASSERT_TRUE(list_until(HasSubstr("one")));
  const auto mode = [this](const std::string& name) {
    struct stat info {};
    EXPECT_EQ(::stat(folder_.file(name).c_str(), &info), 0) << name;
    return info.st_mode & 0777;
  };
  EXPECT_EQ(mode("data"), 0700U);
  EXPECT_EQ(mode("data/registry.db"), 0600U);
  EXPECT_EQ(mode("data/registry.db-wal"), 0600U);
}

TEST_F(WeftRegistry, TakesItsLimitsFromFlags) {
  start({"--max-instances-per-client", "1", "--max-memory", "1M", "--max-watches-per-client", "1"});
  const auto one = server("one");
  ASSERT_TRUE(list_until(HasSubstr("one")));
  const auto two = server("two");
  Program watch(kWeft, {"registry", "watch", address_});
  EXPECT_THAT(watch.read_line(), HasSubstr("one"));
  const Ended second = run_weft({"registry", "watch", address_});
  EXPECT_EQ(second.status, 64 + 8);
  EXPECT_THAT(second.err, HasSubstr("client 127.0.0.1 has its limit of 1 watches"));
  EXPECT_THAT(list(), Not(HasSubstr("two")));
}

TEST_F(WeftRegistry, RefusesDataThatIsInUseOrForeign) {
  start();
  const Ended second =
      run_weft({"registry", "--listen", "127.0.0.1:0", "--data", folder_.file("data")});
  EXPECT_EQ(second.status, 64 + 14);
  EXPECT_THAT(second.err, HasSubstr("another process has it open"));
  const Ended file = run_weft({"registry", "--listen", "127.0.0.1:0", "--data", "/dev/null/data"});
  EXPECT_EQ(file.status, 2);
  EXPECT_THAT(file.err, HasSubstr("--data /dev/null/data"));
}

/// Certificates for a registry on this machine and its clients, and the flags that name them.
struct RegistryCertificates {
  explicit RegistryCertificates(const testing::Folder& folder) {
    testing::CertificateOptions here;
    here.ips = {"127.0.0.1"};
    here.dns = {"localhost"};
    const testing::CertificateText server = ca.server(here);
    const testing::CertificateText client = ca.client({});
    ca_file = folder.write("ca.pem", ca.certificate());
    server_flags = {"--cert", folder.write("registry.pem", server.certificate), "--key",
                    folder.write("registry.key", server.key)};
    client_pem = folder.write("client.pem", client.certificate);
    client_key = folder.write("client.key", client.key);
  }
  testing::CertificateAuthority ca{"Registry CA"};
  std::string ca_file;
  std::string client_pem;
  std::string client_key;
  std::vector<std::string> server_flags;
};

TEST_F(WeftRegistry, SpeaksTlsWithServersClientsAndTheCommand) {
  const RegistryCertificates files(folder_);
  start(files.server_flags);
  const std::string query = "?ca=" + files.ca_file;
  const std::vector<std::string> trust{"--cacert", files.ca_file};
  const auto one = server("one", query);
  ASSERT_TRUE(list_until(HasSubstr("one"), trust));
  EXPECT_EQ(run_weft({"list", "weft://" + address_ + "/", "--cacert", files.ca_file}).out,
            "notes\n");
  const std::vector<std::string> echo{"weft.test.notes.Notes/Echo", R"({"text": "found"})"};
  EXPECT_THAT(run_weft({"call", target() + query, echo[0], echo[1]}).out, HasSubstr("found"));
  EXPECT_EQ(run_weft({"registry", "list", address_, "--timeout", "2s"}).status, 64 + 14)
      << "in plaintext";
  const Ended untrusting =
      run_weft({"call", target() + "?tls=true", echo[0], echo[1], "--timeout", "2s"});
  EXPECT_NE(untrusting.status, 0) << "a CA that this machine does not know";
}

TEST_F(WeftRegistry, TakesOnlyClientsWithACertificateWhereItIsTold) {
  const RegistryCertificates files(folder_);
  std::vector<std::string> flags = files.server_flags;
  flags.insert(flags.end(), {"--client-ca", files.ca_file});
  start(flags);
  const std::string query = "?ca=" + files.ca_file;
  const std::string mutual = query + "&cert=" + files.client_pem + "&key=" + files.client_key;
  const std::vector<std::string> known{"--cacert",       files.ca_file, "--cert",
                                       files.client_pem, "--key",       files.client_key};
  const auto unknown = server("unknown", query);
  const auto one = server("one", mutual);
  ASSERT_TRUE(list_until(HasSubstr("one"), known));
  EXPECT_THAT(list(known), Not(HasSubstr("unknown")));
  const Ended none = run_weft({"registry", "list", address_, "--cacert", files.ca_file});
  EXPECT_EQ(none.status, 64 + 14);
  EXPECT_THAT(none.err, HasSubstr("client certificate"));
  EXPECT_THAT(
      run_weft({"call", target() + mutual, "weft.test.notes.Notes/Echo", R"({"text": "found"})"})
          .out,
      HasSubstr("found"));
}

TEST_F(WeftRegistry, ListensBeyondThisMachineOnlyWithTlsOrAWord) {
  for (const char* listen : {":0", "0.0.0.0:0", "[::]:0", "10.0.0.1:0", "example.org:0"}) {
    const Ended ended = run_weft({"registry", "--listen", listen});
    EXPECT_EQ(ended.status, 2) << listen;
    EXPECT_THAT(ended.err, AllOf(HasSubstr("--insecure-listen"), HasSubstr("--cert"))) << listen;
  }
  EXPECT_THAT(run_weft({"registry", "--help"}).out, HasSubstr("default: 127.0.0.1:7070"));
  const RegistryCertificates files(folder_);
  std::vector<std::string> encrypted{"registry", "--listen", "0.0.0.0:0"};
  encrypted.insert(encrypted.end(), files.server_flags.begin(), files.server_flags.end());
  Program tls(kWeft, encrypted);
  EXPECT_THAT(tls.wait_for_error_line("listening on"), HasSubstr(" with TLS"));
  Program plain(kWeft, {"registry", "--listen", "0.0.0.0:0", "--insecure-listen"});
  EXPECT_THAT(plain.wait_for_error_line("listening on"), Not(HasSubstr("TLS")));
  for (Program* program : {&tls, &plain}) {
    program->signal(SIGTERM);
    EXPECT_EQ(program->wait().status, 0);
  }
}

TEST_F(WeftRegistry, ExplainsMistakes) {
  EXPECT_THAT(run_weft({"registry", "lisst"}).err,
              HasSubstr("there is no command 'lisst'; did you mean 'list'?"));
  EXPECT_THAT(run_weft({"registry", "--lisen", ":1"}).err, HasSubstr("--listen"));
  EXPECT_THAT(run_weft({"registry", "--ttl", "fast"}).err, HasSubstr("fast"));
  EXPECT_THAT(run_weft({"registry", "--cert", "/no/such.pem"}).err,
              AllOf(HasSubstr("--cert, --key, --client-ca"), HasSubstr("/no/such.pem")));
  EXPECT_THAT(run_weft({"registry", "--client-ca", "x"}).err, HasSubstr("requires --cert"));
  EXPECT_THAT(run_weft({"registry", "list"}).err, HasSubstr("weft registry list"));
  EXPECT_EQ(run_weft({"registry", "list"}).status, 2);
  const Ended doctor = run_weft({"doctor", "weft://localhost:7070/notes"});
  EXPECT_EQ(doctor.status, 2);
  EXPECT_THAT(doctor.err, HasSubstr("doctor looks at one server"));
}

}  // namespace
}  // namespace weft::test
