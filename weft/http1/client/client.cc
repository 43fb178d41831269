#include "weft/http1/client/client.h"

#include <atomic>
#include <utility>

#include "weft/http1/client/internal/client_setup.h"
#include "weft/http1/client/internal/loop_client.h"
#include "weft/http1/client/internal/sending.h"
#include "weft/net/loop/close_on_loop.h"
#include "weft/net/loop/loop.h"

namespace weft::http1 {

/// The parts on the loops. The client holds it, and requests that have not begun.
class Client::Impl {
 public:
  explicit Impl(ClientOptions options)
      : setup_(std::make_shared<ClientSetup>(std::move(options))) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  const ClientSetup& setup() const noexcept { return *setup_; }
  /// This loop's part; FAILED_PRECONDITION where the thread runs no loop.
  Result<std::shared_ptr<LoopClient>> part();

 private:
  /// One loop's part. Only ever added, by the loop itself, so that looking it up locks nothing.
  struct Part {
    std::shared_ptr<net::LoopAnchor> loop;  // may end before the client
    std::shared_ptr<LoopClient> client;
    Part* next;
  };

  const std::shared_ptr<const ClientSetup> setup_;
  std::atomic<Part*> parts_{nullptr};
};

Client::Impl::~Impl() {
  for (Part* part = parts_.load(std::memory_order_acquire); part != nullptr;) {
    net::close_on_loop(*part->loop, std::move(part->client));
    delete std::exchange(part, part->next);
  }
}

Result<std::shared_ptr<LoopClient>> Client::Impl::part() {
  net::Loop* const loop = net::Loop::current();
  if (loop == nullptr) {
    return failed_precondition(
        "this thread runs no loop: await the request in a coroutine, or call "
        "weft::net::run_blocking(loop, request)");
  }
  Part* const head = parts_.load(std::memory_order_acquire);
  for (Part* part = head; part != nullptr; part = part->next) {
    if (part->loop == loop->anchor()) return part->client;
  }
  auto* part = new Part{loop->anchor(), std::make_shared<LoopClient>(*loop, setup_), head};
  while (!parts_.compare_exchange_weak(part->next, part, std::memory_order_acq_rel)) {
  }
  return part->client;
}

Client::Client(ClientOptions options) : impl_(std::make_shared<Impl>(std::move(options))) {}
Client::~Client() = default;

Task<Result<Response>> Client::get(std::string url) { return send(Request("GET", std::move(url))); }

Task<Result<Response>> Client::post(std::string url, std::string content_type, Bytes body) {
  Request request("POST", std::move(url));
  request.header("content-type", content_type).body(std::move(body));
  return send(std::move(request));
}

Task<Result<Response>> Client::send(Request request) { return send_by(impl_, std::move(request)); }

Task<Result<ResponseStream>> Client::open(Request request) {
  return open_by(impl_, std::move(request));
}

Task<Result<Response>> Client::send_by(std::shared_ptr<Impl> impl, Request request) {
  Result<std::shared_ptr<LoopClient>> part = impl->part();
  impl = nullptr;  // the client may go
  if (!part.ok()) co_return part.status();
  co_return co_await send_request(*std::move(part), std::move(request));
}

Task<Result<ResponseStream>> Client::open_by(std::shared_ptr<Impl> impl, Request request) {
  Result<std::shared_ptr<LoopClient>> part = impl->part();
  impl = nullptr;  // the client may go
  if (!part.ok()) co_return part.status();
  co_return co_await open_request(*std::move(part), std::move(request));
}

ClientStats Client::stats() const noexcept {
  const auto value = [](const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  const ClientSetup& setup = impl_->setup();
  return {.connections = value(setup.connections),
          .reuses = value(setup.reuses),
          .repeats = value(setup.repeats),
          .unasked = value(setup.unasked)};
}

}  // namespace weft::http1
