#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "weft/base/status_code_set.h"
#include "weft/base/time.h"
#include "weft/rpc/call/service.h"

namespace weft {

/// How a SelectiveChannel chooses.
struct SelectiveOptions {
  enum class Order : std::uint8_t {
    Given,       ///< the first that works: main, then fallback
    InTurn,      ///< each call begins with the next one
    LeastCalls,  ///< the one that has the fewest calls under way
  };
  Order order = Order::Given;
  /// Failures after which another part is tried, where the response has not begun.
  StatusCodeSet failover{StatusCode::Unavailable};
  /// How many parts are tried for a call; 0: all of them.
  std::size_t max_attempts = 0;
  /// A part that has failed so is tried last for this long.
  Duration avoid_for = std::chrono::seconds(1);
  /// As RetryOptions::buffer_limit.
  std::size_t buffer_limit = std::size_t{256} * 1024;
};

/// Sends each call to one of its parts, and to another where that fails before the response has
/// begun (gRFC A6 has the same border for retries): two data centres, two versions of a service.
/// For servers of one name a Channel's own balancer is the better choice. The parts must outlive
/// it.
///
///     SelectiveChannel greeters({&near, &far}, {.order = SelectiveOptions::Order::Given});
class SelectiveChannel final : public Service {
 public:
  explicit SelectiveChannel(std::vector<Service*> parts, SelectiveOptions options = {});
  Task<Status> serve(Call& call) override;
  /// The first part's, of which calls are to all parts.
  const std::shared_ptr<const Codec>& codec() const noexcept override {
    return size_ == 0 ? Service::codec() : parts_[0].service->codec();
  }

 private:
  struct Part {
    Service* service = nullptr;
    std::atomic<std::int64_t> calls{0};
    std::atomic<TimePoint> avoid_until{TimePoint::min()};
  };
  class InFlight;
  Task<Status> run(Call& call);
  std::vector<std::size_t> order(TimePoint now);

  const SelectiveOptions options_;
  const std::size_t size_;
  std::unique_ptr<Part[]> parts_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace weft
