#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "weft/net/socket/address.h"

namespace weft::rpc {

/// How many connections each client (net::client_key()) has; sockets without an address are not
/// counted. From any thread.
class PeerConnections {
 public:
  /// One connection's place; gives it back.
  class Slot {
   public:
    Slot() noexcept = default;
    Slot(PeerConnections& owner, std::string client) noexcept
        : owner_(&owner), client_(std::move(client)) {}
    Slot(Slot&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), client_(std::move(other.client_)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (owner_ != nullptr) owner_->release(client_);
    }

   private:
    PeerConnections* owner_ = nullptr;
    std::string client_;
  };

  /// Nothing where the client has as many as it may.
  std::optional<Slot> take(const net::Address& peer, std::size_t limit);

 private:
  friend class Slot;
  void release(const std::string& client) noexcept;

  std::mutex mutex_;
  // Ordered: clients choose the keys, so a hash would have to be one that they cannot know.
  std::map<std::string, std::size_t> connections_;
};

}  // namespace weft::rpc
