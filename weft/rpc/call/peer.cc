#include "weft/rpc/call/peer.h"

#include <utility>

namespace weft {

Peer::Peer(std::string description, std::shared_ptr<const Principal> who, Kind kind)
    : description_(std::move(description)), given_(std::move(who)), kind_(kind) {}

Peer::~Peer() { delete made_.load(std::memory_order_acquire); }

const std::shared_ptr<const Principal>& Peer::principal() const {
  return given_ != nullptr || identity() == nullptr ? given_ : principal_of_certificate();
}

const std::shared_ptr<const Principal>& Peer::principal_of_certificate() const {
  const std::shared_ptr<const Principal>* known = made_.load(std::memory_order_acquire);
  if (known != nullptr) return *known;
  auto made = std::make_unique<const std::shared_ptr<const Principal>>(
      std::make_shared<const Principal>(principal_of(*identity())));
  if (made_.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)) {
    return *made.release();
  }
  return *known;
}

}  // namespace weft
