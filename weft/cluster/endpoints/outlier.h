#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "weft/base/rng.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/cluster/balancers/balancer.h"
#include "weft/cluster/endpoints/member.h"

namespace weft {

/// Ejects an instance after this many failures in a row, at once. Envoy: consecutive_5xx.
struct ConsecutiveFailures {
  std::uint32_t count = 5;  ///< at least 1
};

/// Ejects instances whose success rate is far below the others' mean. gRPC: successRateEjection.
struct SuccessRateEjection {
  /// How many standard deviations below the mean. gRPC: stdevFactor, in thousandths (1900).
  double stdev_factor = 1.9;
  /// How likely an instance that is found is ejected. gRPC: enforcementPercentage.
  std::uint32_t enforcement_percent = 100;
  /// How many instances must have the volume. gRPC: minimumHosts.
  std::uint32_t minimum_hosts = 5;
  /// How many calls an instance must have had in the interval. gRPC: requestVolume.
  std::uint32_t request_volume = 100;
};

/// Ejects instances of whose calls more than `threshold_percent` fail. gRPC:
/// failurePercentageEjection.
struct FailurePercentageEjection {
  std::uint32_t threshold_percent = 85;     ///< gRPC: threshold
  std::uint32_t enforcement_percent = 100;  ///< gRPC: enforcementPercentage
  std::uint32_t minimum_hosts = 5;          ///< gRPC: minimumHosts
  std::uint32_t request_volume = 50;        ///< gRPC: requestVolume
};

/// Ejects instances that are far slower than the others (grey failure).
struct LatencyEjection {
  /// How many times slower than the median of the others: above 1.
  double factor = 10;
  /// Which of an instance's latencies is compared, above 0 and below 100. The median by default,
  /// which a few long streams do not move.
  double percentile = 50;
  /// An instance that is faster than this is never too slow.
  Duration minimum = std::chrono::milliseconds(5);
  /// How many instances must have the volume; at least 2.
  std::uint32_t minimum_hosts = 3;
  /// How many calls an instance must have had; gathered over several intervals where need be, since
  /// a slow instance is given few.
  std::uint32_t request_volume = 10;
};

/// When instances are left out because their calls fare worse than the others' (gRFC A50, with
/// Envoy's consecutive failures, and latency). Defaults are gRPC's where it has them.
struct OutlierOptions {
  /// How often rates and latencies are compared, and how soon after their time ejected instances
  /// return. Above 0. gRPC: interval.
  Duration interval = std::chrono::seconds(10);
  /// An ejection lasts this times the number of ejections, which falls by one in every interval
  /// without. gRPC: baseEjectionTime.
  Duration base_ejection_time = std::chrono::seconds(30);
  /// At most this, or base_ejection_time if that is longer. gRPC: maxEjectionTime.
  Duration max_ejection_time = std::chrono::seconds(300);
  /// Nobody is ejected while this percentage already is; so one instance always may be (0: none).
  /// gRPC: maxEjectionPercent.
  std::uint32_t max_ejection_percent = 10;
  /// An instance that returns is tried with one call at a time until this many have succeeded in a
  /// row; the first failure ejects it again. 0: it returns to its full share.
  std::uint32_t probe_successes = 3;

  std::optional<ConsecutiveFailures> consecutive_failures = ConsecutiveFailures{};
  std::optional<SuccessRateEjection> success_rate = SuccessRateEjection{};
  std::optional<FailurePercentageEjection> failure_percentage = std::nullopt;
  std::optional<LatencyEjection> latency = LatencyEjection{};

  /// INVALID_ARGUMENT naming the option, its value and the limit.
  Status valid() const;
};

}  // namespace weft

namespace weft::cluster {

/// What a call's end says of the server that it was sent to.
enum class Verdict : std::uint8_t {
  Success,  ///< the server answered, with any status
  Failure,  ///< the server's fault, or that of the way to it
  Nothing,  ///< it tells nothing: the caller's doing, or a server that protects itself
};

/// | origin    | code                                                    | verdict |
/// |-----------|---------------------------------------------------------|---------|
/// | any       | OK                                                      | Success |
/// | any       | CANCELLED                                               | Nothing |
/// | Transport | any other                                               | Failure |
/// | Local     | DEADLINE_EXCEEDED                                       | Failure |
/// | Local     | any other                                               | Nothing |
/// | Peer      | UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS, DEADLINE_EXCEEDED | Failure |
/// | Peer      | RESOURCE_EXHAUSTED                                      | Nothing |
/// | Peer      | any other (NOT_FOUND, INVALID_ARGUMENT, ...)            | Success |
///
/// gRFC A50 counts every status but OK as a failure, so that callers that ask for missing things
/// eject servers that work.
Verdict verdict_of(StatusCode code, Origin origin) noexcept;

/// Decides which members of a channel are ejected. On one loop; keeps its counts in
/// Member::outlier_state and its decisions in Member::ejected() and Member::probing().
///
/// Reports must have latencies, even if the balancer does not ask for them
/// (Balancer::wants_latency).
class OutlierDetection {
 public:
  /// `options` are valid. `rng` outlives this.
  OutlierDetection(OutlierOptions options, Rng& rng);

  const OutlierOptions& options() const noexcept { return options_; }

  /// These are the members now. Without it, how many there are is known from the last sweep().
  void update(std::span<Member* const> members);
  /// A call has ended. True: some member's ejected() has changed.
  bool on_ended(Member& member, const CallReport& report);
  /// Compares the members; every `interval`. True: some member's ejected() has changed.
  bool sweep(std::span<Member* const> members, TimePoint now);

 private:
  struct Record;
  struct Suspect {
    double badness;
    Member* member;
  };
  static Record& record_of(Member& member);
  bool on_probe_ended(Member& member, Record& record, const CallReport& report);
  bool eject(Member& member, TimePoint now);
  bool eject_worst_first(std::vector<Suspect> suspects, std::uint32_t enforcement_percent,
                         TimePoint now);
  bool judge_success_rates(std::span<Member* const> members, TimePoint now);
  bool judge_failure_percentages(std::span<Member* const> members, TimePoint now);
  bool judge_latencies(std::span<Member* const> members, TimePoint now);
  bool return_to_service(std::span<Member* const> members, TimePoint now);
  bool too_slow(Duration latency, Duration usual) const noexcept;

  OutlierOptions options_;
  Rng& rng_;
  std::size_t members_ = 0;
  std::size_t ejected_ = 0;
  /// The median of the members' latencies when they were last compared; zero: not yet.
  Duration usual_{};
};

}  // namespace weft::cluster
