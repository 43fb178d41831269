// Outlier detection after gRFC A50 (success rate, failure percentage, times of ejection), with
// Envoy's consecutive failures, and with latency: per interval, a percentile of each member's
// latencies is compared with the median of the others'. Where several are outliers, the worst is
// ejected first, since max_ejection_percent may leave room for no more.
//
//     in service --failures in a row; or found by a sweep--> ejected
//     ejected    --a sweep after its time-----------------> probing
//     probing    --probe_successes calls------------------> in service
//     probing    --a failure, or most of them slow--------> ejected, for longer
//
// A member that is probing has one call at a time: balancers pass over it while it has one.

#include "weft/cluster/endpoints/outlier.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "weft/cluster/balancers/internal/latency_counts.h"

namespace weft::cluster {

Verdict verdict_of(StatusCode code, Origin origin) noexcept {
  if (code == StatusCode::Ok) return Verdict::Success;
  if (code == StatusCode::Cancelled) return Verdict::Nothing;
  if (origin == Origin::Transport) return Verdict::Failure;
  if (origin == Origin::Local) {
    return code == StatusCode::DeadlineExceeded ? Verdict::Failure : Verdict::Nothing;
  }
  switch (code) {
    case StatusCode::Unknown:
    case StatusCode::Internal:
    case StatusCode::Unavailable:
    case StatusCode::DataLoss:
    case StatusCode::DeadlineExceeded:
      return Verdict::Failure;
    case StatusCode::ResourceExhausted:
      return Verdict::Nothing;
    default:
      return Verdict::Success;
  }
}

struct OutlierDetection::Record final : Member::State {
  // Of this interval.
  std::uint32_t successes = 0;
  std::uint32_t failures = 0;
  // Of this interval, or of several until there are enough.
  LatencyCounts latencies;
  std::uint32_t failures_in_a_row = 0;

  std::uint32_t ejections = 0;  // what the next ejection's time is multiplied by, less one
  TimePoint ejected_at{};
  TimePoint returned_at{};
  std::uint32_t probes = 0;
  std::uint32_t slow_probes = 0;

  void forget_calls() {
    successes = failures = failures_in_a_row = 0;
    latencies.clear();
  }
  double calls() const { return static_cast<double>(successes) + failures; }
};

OutlierDetection::OutlierDetection(OutlierOptions options, Rng& rng)
    : options_(std::move(options)), rng_(rng) {}

OutlierDetection::Record& OutlierDetection::record_of(Member& member) {
  if (member.outlier_state == nullptr) member.outlier_state = std::make_unique<Record>();
  return static_cast<Record&>(*member.outlier_state);
}

void OutlierDetection::update(std::span<Member* const> members) {
  members_ = members.size();
  ejected_ = 0;
  for (Member* member : members) {
    record_of(*member);
    if (member->ejected()) ++ejected_;
  }
}

bool OutlierDetection::eject(Member& member, TimePoint now) {
  if (ejected_ * 100 >= options_.max_ejection_percent * members_) return false;
  Record& record = record_of(member);
  ++record.ejections;
  record.ejected_at = now;
  record.forget_calls();
  member.set_ejected(true);
  member.set_probing(false);
  ++ejected_;
  return true;
}

bool OutlierDetection::on_ended(Member& member, const CallReport& report) {
  // What began before it was ejected says nothing new.
  if (member.ejected()) return false;
  Record& record = record_of(member);
  if (member.probing()) return on_probe_ended(member, record, report);
  const Verdict verdict = verdict_of(report.code, report.origin);
  // A call that was given up, or failed, would have taken longer than it did.
  const bool at_least_usual = usual_ > Duration::zero() && report.latency >= usual_;
  if (options_.latency && (verdict == Verdict::Success || at_least_usual)) {
    record.latencies.add(report.latency);
  }
  if (verdict == Verdict::Success) {
    ++record.successes;
    record.failures_in_a_row = 0;
  }
  if (verdict != Verdict::Failure) return false;
  ++record.failures;
  ++record.failures_in_a_row;
  const auto& limit = options_.consecutive_failures;
  return limit && record.failures_in_a_row >= limit->count && eject(member, report.now);
}

bool OutlierDetection::on_probe_ended(Member& member, Record& record, const CallReport& report) {
  if (report.now - report.latency < record.returned_at) return false;  // from before
  const Verdict verdict = verdict_of(report.code, report.origin);
  if (verdict == Verdict::Failure) return eject(member, report.now);
  const bool slow = too_slow(report.latency, usual_);
  if (verdict == Verdict::Nothing && !slow) return false;
  ++record.probes;
  if (slow) ++record.slow_probes;
  if (2 * record.slow_probes > options_.probe_successes) return eject(member, report.now);
  if (record.probes >= options_.probe_successes) member.set_probing(false);
  return false;
}

bool OutlierDetection::sweep(std::span<Member* const> members, TimePoint now) {
  update(members);
  bool changed = judge_success_rates(members, now);
  changed = judge_failure_percentages(members, now) || changed;
  changed = judge_latencies(members, now) || changed;
  for (Member* member : members) {
    Record& record = record_of(*member);
    record.successes = 0;
    record.failures = 0;
  }
  return return_to_service(members, now) || changed;
}

[[gnu::cold]] bool OutlierDetection::eject_worst_first(std::vector<Suspect> suspects,
                                                       std::uint32_t enforcement_percent,
                                                       TimePoint now) {
  std::sort(suspects.begin(), suspects.end(),
            [](const Suspect& a, const Suspect& b) { return a.badness > b.badness; });
  bool changed = false;
  for (const Suspect& suspect : suspects) {
    if (rng_.below(100) < enforcement_percent) changed = eject(*suspect.member, now) || changed;
  }
  return changed;
}

[[gnu::cold]] bool OutlierDetection::judge_success_rates(std::span<Member* const> members,
                                                         TimePoint now) {
  if (!options_.success_rate) return false;
  const SuccessRateEjection& rule = *options_.success_rate;
  std::vector<Suspect> judged;
  double sum = 0;
  for (Member* member : members) {
    const Record& record = record_of(*member);
    if (member->ejected() || record.calls() < std::max(1u, rule.request_volume)) continue;
    judged.push_back({record.failures / record.calls(), member});
    sum += judged.back().badness;
  }
  if (judged.empty() || judged.size() < rule.minimum_hosts) return false;
  const auto count = static_cast<double>(judged.size());
  const double mean = sum / count;
  double variance = 0;
  for (const Suspect& suspect : judged) variance += std::pow(suspect.badness - mean, 2) / count;
  const double limit = mean + std::sqrt(variance) * rule.stdev_factor;
  std::erase_if(judged, [limit](const Suspect& suspect) { return suspect.badness <= limit; });
  return eject_worst_first(std::move(judged), rule.enforcement_percent, now);
}

[[gnu::cold]] bool OutlierDetection::judge_failure_percentages(std::span<Member* const> members,
                                                               TimePoint now) {
  if (!options_.failure_percentage) return false;
  const FailurePercentageEjection& rule = *options_.failure_percentage;
  std::vector<Suspect> judged;
  for (Member* member : members) {
    const Record& record = record_of(*member);
    if (member->ejected() || record.calls() < std::max(1u, rule.request_volume)) continue;
    judged.push_back({100 * record.failures / record.calls(), member});
  }
  if (judged.size() < rule.minimum_hosts) return false;
  std::erase_if(judged, [&rule](const Suspect& suspect) {
    return suspect.badness <= rule.threshold_percent;
  });
  return eject_worst_first(std::move(judged), rule.enforcement_percent, now);
}

bool OutlierDetection::too_slow(Duration latency, Duration usual) const noexcept {
  return options_.latency && usual > Duration::zero() && latency >= options_.latency->minimum &&
         static_cast<double>(latency.count()) >
             options_.latency->factor * static_cast<double>(usual.count());
}

[[gnu::cold]] bool OutlierDetection::judge_latencies(std::span<Member* const> members,
                                                     TimePoint now) {
  if (!options_.latency) return false;
  const LatencyEjection& rule = *options_.latency;
  struct Measured {
    Duration latency;
    Member* member;
  };
  std::vector<Measured> judged;
  for (Member* member : members) {
    const Record& record = record_of(*member);
    if (member->ejected() || record.latencies.total() < rule.request_volume) continue;
    judged.push_back({record.latencies.percentile(rule.percentile), member});
  }
  if (judged.size() < rule.minimum_hosts) {
    // Waiting for the others must not make it slow to see a change.
    for (const Measured& measured : judged) {
      LatencyCounts& latencies = record_of(*measured.member).latencies;
      if (latencies.total() / 2 >= rule.request_volume) latencies.halve();
    }
    return false;
  }
  std::sort(judged.begin(), judged.end(),
            [](const Measured& a, const Measured& b) { return a.latency < b.latency; });
  usual_ = judged[judged.size() / 2].latency;
  std::vector<Suspect> suspects;
  const std::size_t middle = (judged.size() - 1) / 2;  // of the others; the higher of two
  for (std::size_t i = 0; i < judged.size(); ++i) {
    const Duration of_others = judged[i <= middle ? middle + 1 : middle].latency;
    if (too_slow(judged[i].latency, of_others)) {
      suspects.push_back({static_cast<double>(judged[i].latency.count()), judged[i].member});
    }
    record_of(*judged[i].member).latencies.clear();
  }
  return eject_worst_first(std::move(suspects), 100, now);
}

[[gnu::cold]] bool OutlierDetection::return_to_service(std::span<Member* const> members,
                                                       TimePoint now) {
  bool changed = false;
  const Duration base = options_.base_ejection_time;
  const Duration longest = std::max(base, options_.max_ejection_time);
  for (Member* member : members) {
    Record& record = record_of(*member);
    if (!member->ejected()) {
      if (record.ejections > 0 && !member->probing()) --record.ejections;
      continue;
    }
    // Compared before it is multiplied, which then cannot overflow.
    const bool below = record.ejections <= longest / std::max(base, Duration(1));
    const Duration time = below ? base * record.ejections : longest;
    if (now - record.ejected_at < time) continue;
    record.returned_at = now;
    record.probes = record.slow_probes = 0;
    member->set_ejected(false);
    member->set_probing(options_.probe_successes > 0);
    --ejected_;
    changed = true;
  }
  return changed;
}

}  // namespace weft::cluster
