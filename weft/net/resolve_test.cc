// Looking names up, against a name server in this process.

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <gtest/gtest.h>

#include "weft/net/asio_loop.h"
#include "weft/net/internal/test_io.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::udp;
using test::run;

constexpr std::uint16_t kTypeA = 1;

std::string number(std::uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

/// An authority for a handful of names, on UDP and, where an answer is truncated, TCP (RFC 1035).
class NameServer {
 public:
  struct Records {
    std::vector<std::string> v4{};  // rdata: four bytes each
    std::vector<std::string> v6{};  // sixteen
    bool truncated = false;
    bool silent = false;
  };

  explicit NameServer(AsioLoop& loop)
      : socket_(loop.context(), udp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    receive();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
  std::uint16_t port() const { return socket_.local_endpoint().port(); }
  int queries() const { return queries_; }

  std::string answer(std::string_view query, bool over_tcp) {
    ++queries_;
    const auto [name, question_end] = read_name(query);
    const auto type =
        static_cast<std::uint16_t>(static_cast<unsigned char>(query[question_end - 3]));
    const auto found = names.find(name);
    if (found != names.end() && found->second.silent) return {};
    const bool truncated = found != names.end() && found->second.truncated && !over_tcp;
    std::vector<std::string> data;
    if (found != names.end() && !truncated) {
      data = type == kTypeA ? found->second.v4 : found->second.v6;
    }
    // QR, RD, RA; NXDOMAIN is response code 3; TC asks to come again over TCP.
    const std::uint16_t flags = static_cast<std::uint16_t>(0x8180 | (found == names.end() ? 3 : 0) |
                                                           (truncated ? 0x0200 : 0));
    std::string reply(query.substr(0, 2));
    reply += number(flags) + number(1) + number(static_cast<std::uint16_t>(data.size()));
    reply += number(0) + number(0);
    reply += query.substr(12, question_end - 12);
    for (const std::string& rdata : data) {
      // The name is that of the question, at offset 12; class IN; a TTL of a minute.
      reply += number(0xc00c) + number(type) + number(1) + number(0) + number(60);
      reply += number(static_cast<std::uint16_t>(rdata.size())) + rdata;
    }
    return reply;
  }

  std::map<std::string, Records> names;

 private:
  static std::pair<std::string, std::size_t> read_name(std::string_view query) {
    std::string name;
    std::size_t at = 12;
    while (query[at] != 0) {
      const std::size_t length = static_cast<unsigned char>(query[at]);
      if (!name.empty()) name += '.';
      name += query.substr(at + 1, length);
      at += 1 + length;
    }
    return {name, at + 5};
  }
  void receive() {
    socket_.async_receive_from(boost::asio::buffer(buffer_), peer_,
                               [this](const boost::system::error_code& error, std::size_t size) {
                                 if (error) return;
                                 const std::string reply =
                                     answer(std::string_view(buffer_.data(), size), false);
                                 if (!reply.empty()) {
                                   socket_.send_to(boost::asio::buffer(reply), peer_);
                                 }
                                 receive();
                               });
  }

  udp::socket socket_;
  udp::endpoint peer_;
  std::array<char, 1500> buffer_{};
  int queries_ = 0;
};

std::vector<std::string> texts(const Result<std::vector<Address>>& result) {
  std::vector<std::string> all;
  if (!result) return {result.status().to_string()};
  for (const Address& address : *result) all.push_back(address.to_string());
  std::sort(all.begin(), all.end());
  return all;
}

const std::string kV4("\x0a\x00\x00\x07", 4);
const std::string kV6("\xfd\x00\0\0\0\0\0\0\0\0\0\0\0\0\0\x09", 16);

TEST(Resolve, AnswersLiteralsAtOnce) {
  AsioLoop loop;
  EXPECT_EQ(texts(run(loop, loop.resolve("127.0.0.1", 80))),
            std::vector<std::string>{"127.0.0.1:80"});
  EXPECT_EQ(texts(run(loop, loop.resolve("::1", 80))), std::vector<std::string>{"[::1]:80"});
  EXPECT_EQ(run(loop, loop.resolve("", 80)).status().code(), StatusCode::InvalidArgument);
}

TEST(Resolve, KnowsLocalhost) {
  AsioLoop loop;
  const std::vector<std::string> found = texts(run(loop, loop.resolve("localhost", 80)));
  EXPECT_NE(std::find(found.begin(), found.end(), "127.0.0.1:80"), found.end())
      << testing::PrintToString(found);
}

TEST(Resolve, GathersTheAddressesOfBothFamilies) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["both.test"] = {.v4 = {kV4, "\x0a\x01\x01\x08"}, .v6 = {kV6}};
  server.names["four.test"] = {.v4 = {kV4}};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  EXPECT_EQ(texts(run(loop, loop.resolve("both.test", 50051))),
            (std::vector<std::string>{"10.0.0.7:50051", "10.1.1.8:50051", "[fd00::9]:50051"}));
  EXPECT_EQ(texts(run(loop, loop.resolve("four.test", 1))), std::vector<std::string>{"10.0.0.7:1"});
}

TEST(Resolve, NamesTheHostThatDoesNotExist) {
  AsioLoop loop;
  NameServer server(loop);
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  EXPECT_EQ(texts(run(loop, loop.resolve("missing.test", 1))),
            std::vector<std::string>{
                "UNAVAILABLE: name 'missing.test' cannot be resolved: domain name not found"});
}

TEST(Resolve, SaysWhenANameHasNoAddresses) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["empty.test"] = {};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  const Status status = run(loop, loop.resolve("empty.test", 1)).status();
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_NE(status.message().find("'empty.test' cannot be resolved: "), std::string_view::npos);
}

Task<Status> serve_tcp(NameServer& server, test::Accepting& accepting, int answers) {
  for (int i = 0; i < answers; ++i) {
    const std::unique_ptr<Stream> stream = co_await accepting.next();
    // c-ares sends both questions on one connection, each behind its length.
    while (true) {
      const Result<std::string> length = co_await test::read_exactly(*stream, 2);
      if (!length || length->size() < 2) break;
      const auto size = static_cast<std::size_t>(static_cast<unsigned char>((*length)[1]));
      const Result<std::string> query = co_await test::read_exactly(*stream, size);
      if (!query) break;
      const std::string reply = server.answer(*query, true);
      std::string framed = number(static_cast<std::uint16_t>(reply.size())) + reply;
      const Status status = co_await test::write_all(*stream, std::move(framed));
      if (!status.ok()) co_return status;
    }
  }
  co_return ok_status();
}

TEST(Resolve, AsksAgainOverTcpWhenTheAnswerWasTruncated) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["long.test"] = {.v4 = {kV4}, .v6 = {kV6}, .truncated = true};
  test::Accepting accepting;
  const Result<Address> bound = accepting.start(loop, *Address::ip("127.0.0.1", server.port()));
  if (!bound) GTEST_SKIP() << "the UDP port is taken for TCP: " << bound.status().to_string();
  Task<Status> serving = serve_tcp(server, accepting, 10);
  loop.enter(
      [&] { serving.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  EXPECT_EQ(texts(run(loop, loop.resolve("long.test", 1))),
            (std::vector<std::string>{"10.0.0.7:1", "[fd00::9]:1"}));
}

TEST(Resolve, EndsWhenItsContextIsCancelledOrExpires) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["silent.test"] = {.silent = true};
  server.names["four.test"] = {.v4 = {kV4}};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  Context context;
  loop.post([&] { context.cancel(cancelled("no longer wanted")); });
  EXPECT_EQ(run(loop, loop.resolve("silent.test", 1), &context).status().to_string(),
            "CANCELLED: name 'silent.test' cannot be resolved: no longer wanted");
  Context expiring;
  expiring.limit_deadline(loop.now() + 2ms);
  EXPECT_EQ(run(loop, loop.resolve("silent.test", 1), &expiring).status().code(),
            StatusCode::DeadlineExceeded);
  // What was given up does not disturb what is asked next.
  EXPECT_EQ(texts(run(loop, loop.resolve("four.test", 1))), std::vector<std::string>{"10.0.0.7:1"});
}

TEST(Resolve, MayBeDestroyedInTheMiddleAndTheLoopWithIt) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["silent.test"] = {.silent = true};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  Task<Result<std::vector<Address>>> task = loop.resolve("silent.test", 1);
  loop.enter(
      [&] { task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  { Task<Result<std::vector<Address>>> ended = std::move(task); }
  EXPECT_TRUE(run(loop, sleep(1ms)).ok());
}

TEST(Resolve, RefusesNameServersItCannotRead) {
  AsioLoop loop;
  const Status status = loop.set_name_servers("not an address");
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_NE(status.message().find("'not an address'"), std::string_view::npos);
}

}  // namespace
}  // namespace weft::net
