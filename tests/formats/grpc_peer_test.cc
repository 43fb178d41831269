// Calls in JSON, MessagePack and XML between weft and peers that have no line of it: Python and
// Node, each as client and as server.

#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "weft/codec/json/json.h"
#include "weft/codec/msgpack/msgpack.h"
#include "weft/codec/xml/xml.h"
#include "weft/rpc/blocking.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"

#include "shop.weft.h"

namespace weft::test {
namespace {

using namespace std::chrono_literals;
using formats::shop::Order;

std::shared_ptr<const Codec> codec_of(const std::string& format) {
  if (format == "json") return json_codec();
  if (format == "msgpack") return msgpack_codec();
  return xml_codec();
}

class Shop final : public formats::shop::ShopService {
 public:
  Task<Result<Order>> Echo(ServerContext& context, const Order& request) override {
    Order order = request;
    order.set_id(order.id() + 1);
    const Codec* const codec = context.call().codec();
    (*order.mutable_labels())["format"] = codec == nullptr ? "proto" : codec->name();
    return order;
  }
  Task<Status> Each(ServerContext&, const Order& request, Writer<Order>& writer) override {
    for (const int count : request.counts()) {
      Order order;
      order.add_counts(count);
      const bool written = co_await writer.write(order);
      if (!written) co_return writer.status();
    }
    co_return ok_status();
  }
};

/// A language and the format that it speaks.
struct Peer {
  std::string language;
  std::string format;
};

/// A script that runs; its end is waited for. The scripts end by themselves after a minute.
class Script {
 public:
  /// `role`: "client" or "server".
  Script(const Peer& peer, const std::string& role, const std::string& arguments) {
    const std::string folder = WEFT_FORMATS_DIR "/";
    // Debian's python3 first: another one does not know Debian's packages.
    const std::string command = peer.language == "node"
                                    ? "node '" + folder + "grpc_peer.js' " + role
                                    : "python3 '" + folder + "grpc_" + role + "_peer.py'";
    pipe_ = ::popen(("PATH=/usr/bin:$PATH " + command + " " + arguments + " 2>&1").c_str(), "r");
  }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;
  ~Script() { wait(); }

  std::string read_line() {
    for (int c = std::fgetc(pipe_); c != EOF && c != '\n'; c = std::fgetc(pipe_)) {
      said_ += static_cast<char>(c);
    }
    return said_;
  }
  /// The exit status.
  int wait() {
    if (pipe_ == nullptr) return status_;
    for (int c = std::fgetc(pipe_); c != EOF; c = std::fgetc(pipe_)) said_ += static_cast<char>(c);
    const int status = ::pclose(std::exchange(pipe_, nullptr));
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return status_;
  }
  /// Neither the language nor its modules are missing.
  bool can_run() const noexcept { return status_ != kNotInstalled && status_ != kNoProgram; }
  const std::string& said() const noexcept { return said_; }

 private:
  static constexpr int kNotInstalled = 77;
  static constexpr int kNoProgram = 127;

  std::FILE* pipe_ = nullptr;
  int status_ = -1;
  std::string said_;
};

Order order_of_the_scripts() {
  Order order;
  order.set_id(std::int64_t{1} << 60);
  order.set_name("k\xc3\xa4se & <wein>");
  for (const int count : {1, -2, 300}) order.add_counts(count);
  (*order.mutable_labels())["a"] = "b";
  order.set_price(1.5);
  order.set_data(std::string("\0\xff", 2));
  order.set_paid(true);
  return order;
}

class FormatsPeer : public ::testing::TestWithParam<Peer> {};

TEST_P(FormatsPeer, CallsAWeftServer) {
  Server server({.listen = "127.0.0.1:0"});
  server.add<Shop>();
  server.add(codec_of(GetParam().format));
  ASSERT_TRUE(server.start().ok());
  const std::string port = std::to_string(server.addresses().front().port());
  Script client(GetParam(), "client", port + " " + GetParam().format);
  const int status = client.wait();
  if (!client.can_run()) GTEST_SKIP() << client.said();
  EXPECT_EQ(status, 0) << client.said();
}

TEST_P(FormatsPeer, ServesAWeftClient) {
  Script server(GetParam(), "server", GetParam().format);
  const std::string port = server.read_line();
  if (port.empty() || port.find_first_not_of("0123456789") != std::string::npos) {
    server.wait();
    ASSERT_FALSE(server.can_run()) << server.said();
    GTEST_SKIP() << server.said();
  }
  Channel channel("127.0.0.1:" + port, {.codec = codec_of(GetParam().format)});
  formats::shop::ShopBlockingClient shop(channel);
  const Order order = order_of_the_scripts();
  BlockingReader<Order> each = shop.Each(order, {.timeout = 30s});
  std::vector<int> counts;
  while (std::optional<Order> one = each.read()) counts.push_back(one->counts(0));
  EXPECT_TRUE(each.finish().ok());
  EXPECT_EQ(counts, std::vector<int>(order.counts().begin(), order.counts().end()));
  const Result<Order> echoed = shop.Echo(order, {.timeout = 30s});
  ASSERT_TRUE(echoed.ok()) << echoed.status();
  Order wanted = order;
  wanted.set_id(order.id() + 1);
  (*wanted.mutable_labels())["format"] = GetParam().format;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*echoed, wanted))
      << echoed->DebugString();
  EXPECT_EQ(server.wait(), 0) << server.said();
}

INSTANTIATE_TEST_SUITE_P(, FormatsPeer,
                         ::testing::Values(Peer{"python", "json"}, Peer{"python", "msgpack"},
                                           Peer{"python", "xml"}, Peer{"node", "json"},
                                           Peer{"node", "msgpack"}),
                         [](const auto& info) {
                           return info.param.language + "_" + info.param.format;
                         });

}  // namespace
}  // namespace weft::test
