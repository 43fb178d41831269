#pragma once

#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/rng.h"
#include "weft/cluster/endpoints/backoff.h"

namespace weft::cluster {

/// When a name is asked for again.
class DnsSchedule {
 public:
  struct Pause {
    Duration at_least;
    Duration at_most;
  };
  explicit DnsSchedule(Rng& rng) noexcept;

  /// An answer that holds for `ttl`: a name that is in use is asked for again shortly after that.
  Pause after_answer(Duration ttl) noexcept;
  Pause after_failure() noexcept;

 private:
  Rng& rng_;
  Backoff backoff_;
};

/// The name servers a target's authority names: "" or "10.0.0.2", "10.0.0.2:5353",
/// "[fd00::2]:53", with c-ares' spelling of the port. INVALID_ARGUMENT where it is no address.
Result<std::string> name_servers_of(std::string_view authority);

}  // namespace weft::cluster
