#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "weft/base/fork_mutex.h"
#include "weft/base/intrusive_list.h"
#include "weft/transaction/idempotency/idempotency_store.h"

namespace weft::transaction {

struct MemoryRepliesOptions {
  /// Calls under way and replies kept, in all; of one more, the oldest reply goes. Where none can
  /// go, the call is refused with RESOURCE_EXHAUSTED.
  std::size_t max_entries = 1'000'000;
  /// What all of it may take, in bytes of memory, roughly.
  std::size_t max_bytes = std::size_t{256} << 20;
};

/// Replies of idempotent calls in this process: for one instance of a service, and gone with it.
/// Thread-safe; used on loops only, whose clock it goes by.
class MemoryReplies : public IdempotencyStore {
 public:
  explicit MemoryReplies(MemoryRepliesOptions options = {});
  ~MemoryReplies() override;

  Task<Result<Begun>> begin(Fingerprint id, Fingerprint request, Rule rule) override;
  Task<Status> finish(Fingerprint id, std::uint64_t token, SavedReply reply,
                      Duration keep) override;
  Task<Status> release(Fingerprint id, std::uint64_t token) override;

  std::size_t size() const;
  /// Replies that had to go before their time, because there was no room.
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Entry : ListNode {
    const Fingerprint* id = nullptr;  // the table's
    Fingerprint request;
    std::uint64_t token = 0;
    TimePoint until{};  // the end of the lease, or of the time that the reply is kept
    bool saved = false;
    SavedReply reply;
    std::size_t bytes() const noexcept;
  };
  /// Of ids that are hashes already; mixed with a number that peers do not know.
  struct Hash {
    std::uint64_t seed;
    std::size_t operator()(const Fingerprint& id) const noexcept;
  };
  struct Part {
    explicit Part(std::uint64_t seed) : entries(0, Hash{seed}) {}
    ForkMutex mutex;
    std::unordered_map<Fingerprint, Entry, Hash> entries;
    // The oldest first.
    IntrusiveList<Entry> running;
    IntrusiveList<Entry> kept;
    std::size_t bytes = 0;
  };
  static constexpr std::size_t kParts = 16;

  Part& part_of(const Fingerprint& id) noexcept { return *parts_[id.bytes.back() % kParts]; }
  static void forget(Part& part, Entry& entry);
  static void keep_lost(Part& part, TimePoint now, Duration keep);
  void forget_lost(Part& part, TimePoint now, Duration keep) const;
  void make_room(Part& part, std::size_t bytes, TimePoint now);
  Result<Begun> add(Part& part, const Fingerprint& id, const Fingerprint& request, TimePoint now,
                    const Rule& rule);

  const std::size_t entries_each_;
  const std::size_t bytes_each_;
  std::array<std::unique_ptr<Part>, kParts> parts_;
  std::atomic<std::uint64_t> next_token_{1};
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace weft::transaction
