#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/http1/server/protocol.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/http/http_handler.h"
#include "weft/testing/in_process.h"
#include "weft/testing/raw_client.h"
#include "weft/testing/run.h"

/// What tests of the room share: a server with handlers that a user could have written, and a
/// client that sends bytes.
namespace weft::http1::test {

using namespace std::chrono_literals;

using testing::RawClient;

/// Handlers by path. `seen` has the requests that reached them.
class Pages final : public rpc::HttpHandler {
 public:
  bool takes(const rpc::HttpHead& head) const override {
    if (head.method == "CONNECT") return head.authority != "nothing:1";
    return head.path != "*" && !head.path.starts_with("/nothing");
  }
  Task<> serve(rpc::HttpExchange& exchange) override {
    const rpc::HttpHead& head = exchange.head();
    seen.push_back(std::string(head.method) + " " + std::string(head.path));
    if (head.method == "CONNECT" || !head.upgrade.empty()) return tunnel(exchange);
    if (head.path == "/echo") return echo(*this, exchange);
    if (head.path == "/late") return late(*this, exchange);
    if (head.path == "/unread") return unread(exchange);
    if (head.path == "/sleep") return sleep(*this, exchange);
    if (head.path == "/throw") throw std::runtime_error("secret");
    if (head.path == "/silent") return Task<>();
    if (head.path == "/parts") return parts(exchange);
    if (head.path == "/half") return half(exchange);
    if (head.path == "/short") return lie(exchange, "9");
    if (head.path == "/long") return lie(exchange, "3");
    if (head.path == "/big") return big(*this, exchange);
    if (head.path == "/empty") return empty(exchange);
    if (head.path == "/bad") return bad(exchange);
    return page(exchange);
  }

  std::vector<std::string> seen;
  std::size_t read = 0;  // bytes of content
  std::size_t parts_read = 0;
  std::size_t written = 0;
  std::string trailers;
  Status ended;  // why a handler that waited went on
  int ends = 0;
  std::size_t big_parts = 100;

 private:
  static Task<> page(rpc::HttpExchange& exchange) {
    const rpc::HttpHead& head = exchange.head();
    const std::string text = std::string(head.method) + " " + std::string(head.scheme) + "://" +
                             std::string(head.authority) + std::string(head.path) + " " +
                             std::string(head.field("x-user"));
    static_cast<void>(co_await exchange.respond(200, "text/plain", text));
  }
  static Task<> echo(Pages& self, rpc::HttpExchange& exchange) {
    static_cast<void>(exchange.begin(200, {{"content-type", "text/plain"}}));
    for (;;) {
      const std::optional<Message> part = co_await exchange.content().read();
      if (!part) break;
      ++self.parts_read;
      self.read += part->size();
      const bool taken = co_await exchange.response().write(*part);
      if (!taken) co_return;
    }
    for (const rpc::HttpField& field : exchange.trailers()) {
      self.trailers += std::string(field.name) + "=" + std::string(field.value) + ";";
    }
    const rpc::HttpField trailers[] = {{"x-last", "yes"}};
    static_cast<void>(exchange.end(trailers));
  }
  /// Reads what there is a second later.
  static Task<> late(Pages& self, rpc::HttpExchange& exchange) {
    static_cast<void>(co_await net::sleep(1s));
    for (;;) {
      const std::optional<Message> part = co_await exchange.content().read();
      if (!part) break;
      ++self.parts_read;
      self.read += part->size();
    }
    static_cast<void>(co_await exchange.respond(200, "text/plain", std::to_string(self.read)));
  }
  static Task<> unread(rpc::HttpExchange& exchange) {
    static_cast<void>(co_await exchange.respond(200, "text/plain", "unread"));
  }
  static Task<> sleep(Pages& self, rpc::HttpExchange& exchange) {
    self.ended = co_await net::sleep(1h);
    ++self.ends;
    static_cast<void>(co_await exchange.respond(200, "text/plain", "slept"));
  }
  static Task<> parts(rpc::HttpExchange& exchange) {
    static_cast<void>(exchange.begin(200));
    for (int i = 0; i < 3; ++i) {
      static_cast<void>(co_await net::sleep(1s));
      const Message part(Bytes::copy_of("part" + std::to_string(i)));
      const bool taken = co_await exchange.response().write(part);
      if (!taken) co_return;
    }
  }
  static Task<> half(rpc::HttpExchange& exchange) {
    static_cast<void>(exchange.begin(200));
    static_cast<void>(co_await net::sleep(1s));
    throw std::runtime_error("secret");
  }
  static Task<> lie(rpc::HttpExchange& exchange, std::string length) {
    static_cast<void>(exchange.begin(200, {{"content-length", length}}));
    const Message part = Message(Bytes::copy_of("12345")).mark_last();
    static_cast<void>(co_await exchange.response().write(part));
  }
  static Task<> big(Pages& self, rpc::HttpExchange& exchange) {
    static_cast<void>(exchange.begin(200));
    const Message part(Bytes::copy_of(std::string(16'000, 'b')));
    for (std::size_t i = 0; i < self.big_parts; ++i) {
      const bool taken = co_await exchange.response().write(part);
      if (!taken) break;
      self.written += part.size();
    }
    ++self.ends;
    self.ended = exchange.context().cancel_reason();
  }
  static Task<> empty(rpc::HttpExchange& exchange) {
    static_cast<void>(exchange.begin(204));
    co_return;
  }
  static Task<> bad(rpc::HttpExchange& exchange) {
    std::string errors;
    for (const rpc::HttpField& field :
         {rpc::HttpField{"x", "a\r\nb: c"}, {"connection", "close"}, {"content-length", "many"}}) {
      errors += exchange.begin(200, rpc::HttpFields(&field, 1)).ok() ? "+" : "-";
    }
    errors += exchange.begin(101).ok() ? "+" : "-";
    errors += exchange.begin(99).ok() ? "+" : "-";
    static_cast<void>(co_await exchange.respond(200, "text/plain", errors));
  }
  static Task<> tunnel(rpc::HttpExchange& exchange) {
    static_cast<void>(exchange.begin(exchange.head().upgrade.empty() ? 200 : 101));
    for (;;) {
      const std::optional<Message> part = co_await exchange.content().read();
      if (!part) break;
      const std::string answer = "<" + part->bytes().to_string() + ">";
      const Message message(Bytes::copy_of(answer));
      const bool taken = co_await exchange.response().write(message);
      if (!taken) co_return;
    }
  }
};

/// A server that speaks HTTP/1.1, and clients.
class World {
 public:
  explicit World(ProtocolOptions options = {}, testing::InProcess::Options world = {})
      : world_(std::move(world)) {
    world_.server().add(protocol(options));
    world_.server().add(pages_);
  }
  std::unique_ptr<RawClient> connect() {
    world_.start();
    auto connected = world_.run(
        world_.client_host().connect(net::Address::memory("server", testing::InProcess::kPort)));
    if (!connected.ok()) throw testing::DidNotHappen(connected.status().to_string());
    return std::make_unique<RawClient>(world_.client_host(), std::move(*connected));
  }
  /// What is answered to `bytes` within a second.
  std::string ask(RawClient& client, std::string_view bytes) {
    client.send(bytes);
    world_.run_for(1s);
    return client.take();
  }
  std::string ask(std::string_view bytes) {
    const std::unique_ptr<RawClient> client = connect();
    return ask(*client, bytes);
  }
  testing::InProcess& world() noexcept { return world_; }
  Pages& pages() noexcept { return *pages_; }
  void run_for(Duration time) { world_.run_for(time); }

 private:
  testing::InProcess world_;
  std::shared_ptr<Pages> pages_ = std::make_shared<Pages>();
};

/// How often `part` stands in `text`.
inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++found;
  }
  return found;
}

}  // namespace weft::http1::test
