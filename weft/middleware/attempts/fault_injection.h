#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"

namespace weft {

struct FaultInjectionOptions {
  /// This share of the calls, in [0, 1], is made to wait for so long first.
  double delay_share = 0;
  Duration delay = Duration::zero();
  /// This share of calls, delayed or not, ends with this status instead of being made.
  double abort_share = 0;
  StatusCode abort_code = StatusCode::Unavailable;
  std::string abort_message = "injected fault";

  /// Whether metadata of a call may ask for faults of its own, as Envoy and gRFC A33 have it:
  ///
  ///     x-envoy-fault-delay-request              milliseconds
  ///     x-envoy-fault-delay-request-percentage   0 to 100
  ///     x-envoy-fault-abort-grpc-request         a gRPC status code: 14
  ///     x-envoy-fault-abort-percentage           0 to 100; Envoy: abort-request-percentage
  ///
  /// These take the place of `delay` and `abort_code`; the percentages can only lower the shares
  /// above. What is no such number is passed over. Not on a server that strangers reach.
  bool from_metadata = false;
  /// The longest delay that metadata can ask for.
  Duration max_delay = std::chrono::seconds(15);

  /// Only calls of these methods ("/pkg.Service/Method") and services ("/pkg.Service/"); empty:
  /// all.
  std::vector<std::string> methods{};
  /// Only calls that have this metadata, with this value unless it is empty.
  std::string metadata_name{};
  std::string metadata_value{};
  /// Calls that are being delayed at the same time, on all loops together; beyond it calls have no
  /// faults.
  std::size_t max_active_faults = SIZE_MAX;
  /// Told "fault": "delay" (value: nanoseconds), "abort" (value: the code).
  PolicyObserver* observer = nullptr;
};

/// OK, or INVALID_ARGUMENT naming the option that cannot be followed.
Status validate(const FaultInjectionOptions& options);

/// Makes some calls slow and some fail, on purpose, to see what becomes of them: on a client, or on
/// a server before its handlers. Which ones is decided by the loop's Rng, so a simulation repeats
/// it.
Middleware fault_injection(FaultInjectionOptions options);

}  // namespace weft
