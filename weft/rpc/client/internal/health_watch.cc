#include "weft/rpc/client/internal/health_watch.h"

#include <utility>

#include "weft/base/log.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/net/loop/wait.h"
#include "weft/rpc/client/internal/subchannel.h"

#include "weft_wire/grpc/health/v1/health.weft.h"

namespace weft::rpc {

namespace v1 = ::weft_wire::grpc::health::v1;

// An answer is a number; servers may have more fields one day.
constexpr std::size_t kLargestAnswer = 4096;

// gRPC's, as of connections.
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(120);

void HealthWatch::start() {
  if (std::exchange(running_, true)) return;
  task_ = run();
  task_.start(&context_, {[](void*) noexcept {}, nullptr});
}

Task<> HealthWatch::run() {
  // Begun anew after a stream that worked.
  cluster::Backoff backoff(loop_.rng(), kFirstPause, kLongestPause);
  while (subchannel_.serving()) {
    const TimePoint begun = loop_.now();
    answered_ = false;
    const Status ended = co_await watch_once();
    if (ended.code() == StatusCode::Unimplemented) {
      log(LogLevel::Warn,
          to_string(subchannel_.endpoint()) + " has no health service, so it counts as healthy");
      subchannel_.on_health(true);
      break;
    }
    if (!subchannel_.serving()) break;
    subchannel_.on_health(false);
    if (answered_) backoff.reset();
    net::Wait pause(loop_, after(begun, backoff.next()));
    const Status paused = co_await pause;
    if (!paused.ok()) break;
  }
  running_ = false;
}

Task<Status> HealthWatch::watch_once() {
  const v1::HealthClient health{endpoint_};
  v1::HealthCheckRequest request;
  request.set_service(service_);
  auto stream = co_await health.Watch(request, {.max_receive_size = kLargestAnswer});
  v1::HealthCheckResponse response;
  for (;;) {
    const bool read = co_await stream.read(response);
    if (!read) break;
    answered_ = true;
    subchannel_.on_health(response.status() == v1::HealthCheckResponse::SERVING);
  }
  co_return co_await stream.finish();
}

}  // namespace weft::rpc
