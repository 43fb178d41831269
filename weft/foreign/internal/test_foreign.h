#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/text/ascii.h"
#include "weft/net/socket/stream_io.h"
#include "weft/rpc/server/server_context.h"
#include "weft/testing/in_process.h"

#include "test_arith.weft.h"

/// For this room's tests: a service, a server in virtual time, and a peer that sends bytes.
namespace weft::foreign::test {

class Arith final : public ::test::v1::ArithService {
 public:
  Task<Result<google::protobuf::Int64Value>> Multiply(ServerContext&,
                                                      const ::test::v1::Args& args) override {
    google::protobuf::Int64Value reply;
    reply.set_value(args.a() * args.b());
    return reply;
  }
  Task<Result<::test::v1::Quotient>> Divide(ServerContext&, const ::test::v1::Args& args) override {
    if (args.b() == 0) return invalid_argument("divide by \"zero\"");
    ::test::v1::Quotient reply;
    reply.set_quo(args.a() / args.b());
    reply.set_rem(args.a() % args.b());
    return reply;
  }
  Task<Result<::test::v1::Everything>> Echo(ServerContext&,
                                            const ::test::v1::Everything& request) override {
    return request;
  }
  Task<Result<google::protobuf::StringValue>> Upper(
      ServerContext&, const google::protobuf::StringValue& request) override {
    google::protobuf::StringValue reply;
    ++uppers;
    reply.set_value(ascii::upper(request.value()));
    return reply;
  }
  Task<Result<google::protobuf::Empty>> Nothing(ServerContext&,
                                                const google::protobuf::Empty& request) override {
    return request;
  }
  /// Answers after so many milliseconds.
  Task<Result<google::protobuf::Int64Value>> Slow(
      ServerContext& context, const google::protobuf::Int64Value& request) override {
    return slow(*this, context, request);
  }
  Task<Status> Count(ServerContext&, const google::protobuf::Int64Value&,
                     Writer<google::protobuf::Int64Value>&) override {
    return Status();
  }

  int uppers = 0;
  int slow_begun = 0;
  int slow_cancelled = 0;

 private:
  static Task<Result<google::protobuf::Int64Value>> slow(Arith& self, ServerContext& context,
                                                         google::protobuf::Int64Value request) {
    ++self.slow_begun;
    net::Loop& loop = *net::Loop::current();
    static_cast<void>(context);
    net::Wait wait(loop, after(loop.now(), std::chrono::milliseconds(request.value())));
    const Status waited = co_await wait;
    if (!waited.ok()) {
      ++self.slow_cancelled;
      co_return waited;
    }
    co_return request;
  }
};

/// A connection of a peer.
class RawPeer {
 public:
  explicit RawPeer(testing::InProcess& world) : world_(world) {
    world_.start();
    auto connected = world_.run(
        world_.client_host().connect(net::Address::memory("server", testing::InProcess::kPort)));
    if (!connected.ok()) throw testing::DidNotHappen(connected.status().to_string());
    stream_ = std::move(*connected);
  }

  void send(std::string_view bytes) { world_.run(write(bytes)); }
  /// Sends for as long as the server takes.
  Task<> sending(std::string bytes) {
    net::StreamIo io(world_.client_host(), *stream_);
    static_cast<void>(co_await io.write(bytes));
  }
  /// What comes until it has `size` bytes, or the connection ends.
  std::string receive(std::size_t size) { return world_.run(read(size)); }
  /// What comes up to the end of so many lines, or of the connection: "(end)".
  std::string lines(int count) { return world_.run(read_lines(count)); }
  /// What comes up to the end of the connection.
  std::string rest() { return receive(SIZE_MAX); }
  void close() { stream_->close(); }

 private:
  Task<> write(std::string_view bytes) {
    net::StreamIo io(world_.client_host(), *stream_);
    static_cast<void>(co_await io.write(bytes));
  }
  Task<std::string> read(std::size_t size) {
    while (input_.size() < size) {
      const bool more = co_await fill();
      if (!more) break;
    }
    const std::size_t taken = std::min(size, input_.size());
    std::string out = input_.substr(0, taken);
    input_.erase(0, taken);
    co_return out;
  }
  Task<std::string> read_lines(int count) {
    std::string out;
    while (count > 0) {
      const std::size_t end = input_.find('\n');
      if (end != std::string::npos) {
        out += input_.substr(0, end + 1);
        input_.erase(0, end + 1);
        --count;
        continue;
      }
      const bool more = co_await fill();
      if (!more) co_return out + std::exchange(input_, {}) + "(end)";
    }
    co_return out;
  }
  Task<bool> fill() {
    net::StreamIo io(world_.client_host(), *stream_);
    std::array<char, 4096> block;
    const Result<std::size_t> size = co_await io.read(block);
    if (!size.ok() || *size == 0) co_return false;
    input_.append(block.data(), *size);
    co_return true;
  }

  testing::InProcess& world_;
  std::unique_ptr<net::Stream> stream_;
  std::string input_;
};

}  // namespace weft::foreign::test
