#include <csignal>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "tests/command/notes_server.h"
#include "tests/command/raw_server.h"

namespace weft::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

Ended doctor(const std::string& address, std::vector<std::string> flags = {}) {
  flags.insert(flags.begin(), {"doctor", address});
  return run_weft(flags);
}

class WeftDoctor : public NotesServerTest {};

TEST_F(WeftDoctor, FindsNothingWrongWithAHealthyServer) {
  const Ended ended = doctor(address_);
  EXPECT_EQ(ended.status, 0) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("ok      name       127.0.0.1, as given\n"));
  EXPECT_THAT(ended.out, HasSubstr("ok      connect    " + address_ + " takes connections ("));
  EXPECT_THAT(ended.out, HasSubstr("ok      http2      "));
  EXPECT_THAT(ended.out, HasSubstr("MAX_CONCURRENT_STREAMS  1000\n"));
  EXPECT_THAT(ended.out, HasSubstr("MAX_FRAME_SIZE          65536\n"));
  EXPECT_THAT(ended.out, HasSubstr("ok      health     SERVING ("));
  EXPECT_THAT(ended.out, HasSubstr("ok      reflection "));
  EXPECT_THAT(ended.out, HasSubstr("weft.test.notes.Notes"));
  EXPECT_THAT(ended.out, ContainsRegex("ok      latency    PING: minimum .*, median .*, of 3\n"));
  EXPECT_THAT(ended.out, HasSubstr("\n" + address_ + ": no problem found\n"));
  EXPECT_EQ(ended.err, "");
}

TEST_F(WeftDoctor, GivesTheSameAsJson) {
  const Ended ended = doctor(address_, {"--json"});
  EXPECT_EQ(ended.status, 0) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("{\"address\":\"" + address_ + "\",\"steps\":["));
  EXPECT_THAT(ended.out, HasSubstr(R"({"step":"health","outcome":"ok","text":"SERVING",)"));
  EXPECT_THAT(ended.out, HasSubstr(R"("MAX_CONCURRENT_STREAMS":1000,)"));
  EXPECT_THAT(ended.out, HasSubstr(R"("failed":null,"warnings":0,"exit_status":0})"));
}

TEST_F(WeftDoctor, SaysThatTheServerTakesNoCalls) {
  server_.set_serving("", false);
  const Ended ended = doctor(address_);
  EXPECT_EQ(ended.status, 15);
  EXPECT_THAT(ended.out, HasSubstr("FAILED  health     NOT_SERVING"));
  EXPECT_THAT(ended.out, HasSubstr("fix: server: it says itself"));
  EXPECT_THAT(ended.out, HasSubstr("1 problem, the first at the step 'health'"));
}

TEST(WeftDoctorAlone, NotesWhatIsNotOffered) {
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.health = false;
  options.reflection = false;
  Server server(options);
  server.add<Notes>();
  ASSERT_TRUE(server.start().ok());
  const Ended ended = doctor("127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(ended.status, 0) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("note    health     grpc.health.v1 is not offered"));
  EXPECT_THAT(ended.out, HasSubstr("note    reflection not offered: `weft call` needs --proto"));
}

TEST(WeftDoctorAlone, SaysThatNobodyListens) {
  const Ended ended = doctor(closed_port());
  EXPECT_EQ(ended.status, 12);
  EXPECT_THAT(ended.out, ContainsRegex("FAILED  connect    127.0.0.1:[0-9]+: connection refused"));
  EXPECT_THAT(ended.out, HasSubstr("fix: nothing listens there"));
  EXPECT_THAT(ended.out, Not(HasSubstr("http2")));
}

TEST(WeftDoctorAlone, SaysThatASocketFileIsMissing) {
  const Ended ended = doctor("unix:/no/such/socket");
  EXPECT_EQ(ended.status, 12);
  EXPECT_THAT(ended.out, HasSubstr("unix:/no/such/socket: no such folder: /no/such"));
}

TEST(WeftDoctorAlone, SaysThatANameIsUnknown) {
  const Ended ended = doctor("no-such-host.invalid:50051");
  EXPECT_EQ(ended.status, 11);
  EXPECT_THAT(ended.out, HasSubstr("FAILED  name       name 'no-such-host.invalid' cannot be"));
  EXPECT_THAT(ended.out, HasSubstr("fix: is 'no-such-host.invalid' spelled right"));
}

TEST(WeftDoctorAlone, KnowsAWebServer) {
  RawServer server("HTTP/1.1 400 Bad Request\r\n\r\n", RawServer::Then::Close);
  const Ended ended = doctor(server.address());
  EXPECT_EQ(ended.status, 14);
  EXPECT_THAT(ended.out, HasSubstr("FAILED  http2      the server speaks HTTP/1.1"));
  const Ended tls = doctor(server.address(), {"--tls"});
  EXPECT_EQ(tls.status, 13);
  EXPECT_THAT(tls.out, HasSubstr("FAILED  tls        the server speaks HTTP/1.1 without TLS"));
}

TEST(WeftDoctorAlone, ShowsWhatAnotherProtocolBeginsWith) {
  RawServer server("SSH-2.0-OpenSSH_9.2p1\r\n", RawServer::Then::StayOpen);
  const Ended ended = doctor(server.address());
  EXPECT_EQ(ended.status, 14);
  EXPECT_THAT(ended.out, HasSubstr("it began with 'SSH-2.0-OpenSSH_9.2p1..'"));
}

TEST(WeftDoctorAlone, KnowsATlsServerByItsAlert) {
  RawServer server(std::string("\x15\x03\x03\x00\x02\x02\x46", 7), RawServer::Then::Close);
  const Ended ended = doctor(server.address());
  EXPECT_EQ(ended.status, 14);
  EXPECT_THAT(ended.out, HasSubstr("FAILED  http2      the server speaks TLS on this port"));
  EXPECT_THAT(ended.out, HasSubstr("fix: client: add --tls"));
}

TEST(WeftDoctorAlone, GivesUpOnASilentPort) {
  RawServer server("", RawServer::Then::StayOpen);
  const Ended ended = doctor(server.address(), {"--timeout", "300ms"});
  EXPECT_EQ(ended.status, 14);
  EXPECT_THAT(ended.out, HasSubstr("no word came within 300ms"));
  const Ended tls = doctor(server.address(), {"--timeout", "300ms", "--tls"});
  EXPECT_EQ(tls.status, 13);
  EXPECT_THAT(tls.out, HasSubstr("timed out during the TLS handshake"));
}

TEST(WeftDoctorAlone, SaysThatThePortClosesAtOnce) {
  for (const auto then : {RawServer::Then::Close, RawServer::Then::CloseUnread}) {
    RawServer server("", then);
    const Ended ended = doctor(server.address());
    EXPECT_EQ(ended.status, 14);
    EXPECT_THAT(ended.out, HasSubstr("FAILED  http2      "));
    EXPECT_THAT(ended.out, HasSubstr("does not want this connection"));
    const Ended tls = doctor(server.address(), {"--tls"});
    EXPECT_EQ(tls.status, 13);
  }
}

TEST(WeftDoctorAlone, IsInterrupted) {
  RawServer server("", RawServer::Then::StayOpen);
  Program program(kWeft, {"doctor", server.address(), "--timeout", "1m"});
  EXPECT_THAT(program.read_line(), HasSubstr("as given"));
  EXPECT_THAT(program.read_line(), HasSubstr("takes connections"));
  program.signal(SIGINT);
  const Ended ended = program.wait();
  EXPECT_EQ(ended.status, 65);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, HasSubstr("SIGINT"));
}

TEST_F(WeftDoctor, HasSymbolsOnATerminalThatCanShowThem) {
  Program program(kWeft, {"doctor", address_}, Program::Output::Terminal, {"LC_ALL=C.UTF-8"});
  const Ended ended = program.wait();
  EXPECT_THAT(ended.out, AllOf(HasSubstr("\033[32m✓\033[0m \033[1mname       \033[0m127.0.0.1"),
                               HasSubstr("no problem found")));
  Program plain(kWeft, {"doctor", address_}, Program::Output::Terminal, {"LC_ALL=C", "NO_COLOR=1"});
  EXPECT_THAT(plain.wait().out, HasSubstr("ok      name       127.0.0.1"));
}

}  // namespace
}  // namespace weft::test
