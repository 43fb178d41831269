#include "tests/attacks/victim.h"

#include <chrono>
#include <utility>

#include "weft/coro/event.h"
#include "weft/net/loop.h"

namespace weft::attacks {
namespace {

using namespace std::chrono_literals;
using rpc::test::Text;
using rpc::test::text;
using std::chrono::steady_clock;

constexpr std::size_t kPart = Target::kPart;

Task<Status> send_parts(Target& self, std::size_t bytes, Writer<Text>& writer) {
  for (std::size_t sent = 0; sent < bytes; sent += kPart) {
    if (!co_await writer.write(self.part)) co_return writer.status();
    self.written += kPart;
  }
  co_return ok_status();
}

Task<Status> pause() { co_return co_await net::sleep(3s); }

Task<Result<Text>> ignore_everything(Target& self, const Text& request) {
  ++self.deaf;
  const Text answer = request;
  static_cast<void>(co_await pause().in(self.nobody));
  --self.deaf;
  co_return answer;
}

}  // namespace

Task<Result<Text>> Target::Unary(ServerContext&, const Text& request) {
  if (request.value() == "deaf") return ignore_everything(*this, request);
  if (request.value().starts_with("error")) {
    return Result<Text>(invalid_argument("this is not what was wanted: " + request.value()));
  }
  return request;
}

Task<Status> Target::Expand(ServerContext&, const Text& request, Writer<Text>& writer) {
  return send_parts(*this, std::stoul("0" + request.value()), writer);
}

Task<Result<Text>> Target::Collect(ServerContext&, Reader<Text>&) {
  const Status status = co_await net::sleep(std::chrono::hours(1));
  co_return status;
}

Victim::Victim(ServerOptions options, ChannelOptions client,
               const std::function<void(Server&)>& set_up)
    : server_(with_defaults(std::move(options))) {
  target_ = &server_.add<Target>();
  set_up(server_);
  const Status started = server_.start();
  if (!started.ok()) throw std::runtime_error(started.to_string());
  channel_ =
      std::make_unique<Channel>("127.0.0.1:" + std::to_string(server_.port()), std::move(client));
  client_ = std::thread([this] { make_calls(); });
  serves_on(1);
}

ServerOptions Victim::with_defaults(ServerOptions options) {
  options.listen = "127.0.0.1:0";
  if (options.min_ping_interval == ServerOptions().min_ping_interval) {
    // The attackers' round trips.
    options.min_ping_interval = 0ns;
    options.ping_without_calls = true;
  }
  return options;
}

Victim::~Victim() {
  serves_on(5);
  stop_ = true;
  client_.join();
  EXPECT_EQ(failure_, "");
  server_.stop(0s);
}

void Victim::make_calls() {
  while (!stop_) {
    const Result<Text> reply = rpc::call_unary_blocking<Text>(
        *channel_, rpc::test::kMethods[0], text("still there?"), {.timeout = 20s});
    if (reply.ok()) {
      ++answered_;
    } else {
      failure_ = reply.status().to_string();
      failed_ = true;
      return;
    }
  }
}

void Victim::outlive(const std::function<void()>& attack, std::size_t calls) {
  const std::size_t wanted = answered_ + calls;
  const auto end = steady_clock::now() + 30s;
  do {
    if (attack) attack();
    if (!attack) std::this_thread::sleep_for(1ms);
  } while (answered_ < wanted && !failed_ && steady_clock::now() < end);
  EXPECT_GE(answered_, wanted) << "the well-behaved client is not served "
                               << (failed_ ? failure_ : "in time");
}

void Victim::serves_on(std::size_t calls) { outlive({}, calls); }

}  // namespace weft::attacks
