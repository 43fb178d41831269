// What plugs into weft from outside, with installed headers only: a protocol on the server's port,
// a transport of a channel, a handler of HTTP requests, a fallback for paths that nobody serves,
// and an observer of it all.

#include <array>
#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "weft/net/loop.h"
#include "weft/net/socket/stream_io.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/client_transport.h"
#include "weft/rpc/forward.h"
#include "weft/rpc/http_handler.h"
#include "weft/rpc/observer.h"
#include "weft/rpc/server.h"
#include "weft/rpc/wire_protocol.h"

#include "greeter.weft.h"

namespace {

using weft::Bytes;
using weft::Call;
using weft::Message;
using weft::Result;
using weft::Status;
using weft::Task;

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

/// The next line of `input`; nothing where it has none yet.
bool take_line(std::string& input, std::string& line) {
  const std::size_t end = input.find('\n');
  if (end == std::string::npos) return false;
  line = input.substr(0, end);
  input.erase(0, end + 1);
  return true;
}

/// Unary calls as lines: "CALL path hex", answered by "OK hex" or "ERROR text".
class Lines final : public weft::rpc::WireProtocol {
 public:
  std::string name() const override { return "lines"; }
  Match matches(std::string_view bytes) const noexcept override {
    constexpr std::string_view kBegin = "CALL ";
    if (bytes.size() < kBegin.size())
      return kBegin.starts_with(bytes) ? Match::NeedMore : Match::No;
    return bytes.starts_with(kBegin) ? Match::Yes : Match::No;
  }
  Task<> serve(weft::rpc::WireConnection& connection) override {
    std::string input;
    std::string line;
    std::array<char, 512> buffer;
    for (;;) {
      const Result<std::size_t> read = co_await connection.read(buffer);
      if (!read.ok() || *read == 0) co_return;
      input.append(buffer.data(), *read);
      while (take_line(input, line)) {
        const std::string answer = co_await call(connection, line);
        const Status written = co_await connection.write(answer);
        if (!written.ok()) co_return;
      }
    }
  }

 private:
  static Task<std::string> call(weft::rpc::WireConnection& connection, std::string line) {
    const std::size_t space = line.find(' ', 5);
    const std::string path = line.substr(5, space - 5);
    Call call(Call::Side::Server, connection.loop(), path, nullptr, nullptr);
    weft::rpc::SingleRequest requests(Message(Bytes::copy_of(from_hex(line.substr(space + 1)))));
    weft::rpc::SingleResponse responses;
    call.set_requests(requests);
    call.set_responses(responses);
    call.set_peer(connection.peer());
    Status status = co_await connection.dispatcher().serve(call).in(call.context());
    Bytes response;
    status = responses.finish(std::move(status), response);
    co_return status.ok() ? "OK " + to_hex(response.view()) + "\n"
                          : "ERROR " + std::string(status.message()) + "\n";
  }
};

/// The other end: targets "lines:port".
class LinesClient final : public weft::rpc::ClientTransport {
 public:
  LinesClient(weft::net::Loop& loop, std::uint16_t port) : loop_(loop), port_(port) {}
  Task<Status> serve(Call& call) override { return run(loop_, port_, call); }
  void close() noexcept override {}

 private:
  static Task<Status> run(weft::net::Loop& loop, std::uint16_t port, Call& call) {
    auto stream = co_await loop.connect(*weft::net::Address::ip("127.0.0.1", port));
    if (!stream.ok()) co_return stream.status();
    weft::net::StreamIo io(loop, **stream);
    const std::optional<Message> request = co_await call.requests().read();
    if (!request) co_return weft::internal_error("no request");
    const std::string line =
        "CALL " + std::string(call.path()) + " " + to_hex(request->to_bytes().view()) + "\n";
    const Status written = co_await io.write(line);
    if (!written.ok()) co_return written;
    std::string input;
    std::string answer;
    std::array<char, 512> buffer;
    while (!take_line(input, answer)) {
      const Result<std::size_t> read = co_await io.read(buffer);
      if (!read.ok()) co_return read.status();
      if (*read == 0) co_return weft::unavailable("the connection ended");
      input.append(buffer.data(), *read);
    }
    if (!answer.starts_with("OK ")) co_return weft::unknown_error(answer);
    call.announce_response_metadata();
    const Message response(Bytes::copy_of(from_hex(answer.substr(3))));
    if (!co_await call.responses().write(response))
      co_return Status(call.context().cancel_reason());
    co_return Status();
  }
  weft::net::Loop& loop_;
  std::uint16_t port_;
};

class Pages final : public weft::rpc::HttpHandler {
  bool takes(const weft::rpc::HttpHead& head) const override { return head.method == "GET"; }
  Task<> serve(weft::rpc::HttpExchange& exchange) override {
    static_cast<void>(co_await exchange.respond(200, "text/plain", "a page\n"));
  }
};

class Greeter final : public outside::GreeterService {
  Task<Result<outside::HelloReply>> SayHello(weft::ServerContext&,
                                             const outside::HelloRequest& request) override {
    outside::HelloReply reply;
    reply.set_message("Hello, " + request.name());
    return reply;
  }
};

/// Hands on what it does not serve itself.
class Proxy final : public weft::Service {
 public:
  explicit Proxy(std::string target) : backend_(std::move(target)) {}
  Task<Status> serve(Call& call) override { return weft::rpc::forward(call, backend_); }

 private:
  weft::Channel backend_;
};

/// Counts what a server serves.
class Counter final : public weft::Observer {
 public:
  void on_end(Call&, const Status& status, const weft::CallStats& stats) noexcept override {
    if (status.ok() && stats.received_messages == 1 && stats.sent_messages == 1) ++answered;
  }
  std::atomic<int> answered = 0;
};

bool greets(const char* what, const std::string& target) {
  weft::Channel channel(target);
  outside::GreeterBlockingClient greeter(channel);
  outside::HelloRequest request;
  request.set_name("outside");
  const auto reply = greeter.SayHello(request, {.timeout = std::chrono::seconds(10)});
  if (reply.ok() && reply->message() == "Hello, outside") return true;
  std::fprintf(stderr, "%s: %s\n", what, reply.status().to_string().c_str());
  return false;
}

}  // namespace

int main() {
  weft::rpc::register_client_transport(
      "lines",
      [](const weft::rpc::ClientTransportSetup& setup)
          -> Result<std::shared_ptr<weft::rpc::ClientTransport>> {
        const int port = std::stoi(setup.target.substr(6));
        return std::shared_ptr<weft::rpc::ClientTransport>(
            std::make_shared<LinesClient>(setup.loop, static_cast<std::uint16_t>(port)));
      });
  weft::Server server{{.listen = "127.0.0.1:0"}};
  server.add<Greeter>();
  server.add(std::make_shared<Lines>());
  server.add(std::make_shared<Pages>());
  const auto counter = std::make_shared<Counter>();
  server.add(counter);
  server.listen("inproc:seams");
  weft::Server front{{.listen = "127.0.0.1:0", .health = false, .reflection = false}};
  front.fallback(std::make_shared<Proxy>("inproc:seams"));
  for (weft::Server* one : {&server, &front}) {
    if (const Status started = one->start(); !started.ok()) {
      std::fprintf(stderr, "%s\n", started.to_string().c_str());
      return 1;
    }
  }
  const bool good = greets("gRPC", "127.0.0.1:" + std::to_string(server.port())) &&
                    greets("lines", "lines:" + std::to_string(server.port())) &&
                    greets("in the process", "inproc:seams") &&
                    greets("the proxy", "127.0.0.1:" + std::to_string(front.port()));
  front.stop();
  server.stop();
  if (good && counter->answered != 4) {
    std::fprintf(stderr, "the observer saw %d answered calls, not 4\n", counter->answered.load());
    return 1;
  }
  return good ? 0 : 1;
}
