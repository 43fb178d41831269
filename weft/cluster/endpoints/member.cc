#include "weft/cluster/endpoints/member.h"

#include <atomic>

namespace weft::cluster {

std::uint64_t Member::next_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace weft::cluster
