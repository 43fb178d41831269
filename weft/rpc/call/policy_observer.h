#pragma once

#include <cstdint>
#include <string_view>

namespace weft {

/// Something that a policy did. Names are static text; each policy's header lists its events and
/// what their value is.
struct PolicyEvent {
  std::string_view policy;  ///< "retry", "hedge", "breaker" ...
  std::string_view event;   ///< "attempt", "rejected", "opened" ...
  std::string_view path;    ///< "/pkg.Service/Method" of the call; valid during on_event()
  std::int64_t value = 0;   ///< how many, or nanoseconds; 0 where the event alone says it
};

/// Told what policies do, for metrics and logs. A policy takes one in its options, as a pointer
/// that outlives it; null costs one comparison where something happened. Events are told on the
/// loop of the call they are about, so that one observer is called from several threads at once; it
/// must be quick, and must not make calls.
class PolicyObserver {
 public:
  virtual ~PolicyObserver() = default;
  virtual void on_event(const PolicyEvent& event) noexcept = 0;
};

/// Tells `observer` where there is one.
inline void tell(PolicyObserver* observer, const PolicyEvent& event) noexcept {
  if (observer != nullptr) observer->on_event(event);
}

}  // namespace weft
