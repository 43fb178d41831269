#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "weft/cluster/balancers/balancer.h"

namespace weft::cluster {

/// The policy of a balancer that is made of its options and a setup:
///
///     class Turns final : public Balancer {
///       static constexpr std::string_view kName = "turns";
///       static Status validate(const TurnsOptions&);
///       Turns(const TurnsOptions&, const BalancerSetup&);
template <class BalancerType, class Options>
class PolicyOf final : public BalancerPolicy {
 public:
  explicit PolicyOf(Options options) : options_(std::move(options)) {}

  std::string_view name() const noexcept override { return BalancerType::kName; }
  Status valid() const override {
    const Status valid = BalancerType::validate(options_);
    return valid.ok() ? valid : valid.with_prefix(BalancerType::kName);
  }
  std::unique_ptr<Balancer> make(const BalancerSetup& setup) const override {
    return std::make_unique<BalancerType>(options_, setup);
  }

 private:
  const Options options_;
};

template <class BalancerType, class Options>
std::shared_ptr<const BalancerPolicy> policy_of(Options options) {
  return std::make_shared<const PolicyOf<BalancerType, Options>>(std::move(options));
}

}  // namespace weft::cluster
