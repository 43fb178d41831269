#include "weft/transaction/internal/repeat.h"

#include <algorithm>
#include <cstdint>

#include "weft/net/loop/loop.h"

namespace weft::transaction::internal {

bool is_passing(const Status& status) noexcept {
  switch (status.code()) {
    case StatusCode::Unavailable:
    case StatusCode::DeadlineExceeded:
    case StatusCode::Cancelled:
    case StatusCode::Unknown:
    case StatusCode::Internal:
    case StatusCode::Aborted:
      return true;
    case StatusCode::ResourceExhausted:
      return status.origin() == Origin::Peer;  // else a limit of this process, which stays
    default:
      return false;
  }
}

Task<Status> pause_after(int attempt, Duration first, Duration longest) {
  const double doubled = static_cast<double>(std::uint64_t{1} << std::min(attempt - 1, 32));
  const double part = 0.5 + net::Loop::current()->rng().uniform() / 2;
  return net::sleep(scaled(std::min(scaled(first, doubled), longest), part));
}

}  // namespace weft::transaction::internal
