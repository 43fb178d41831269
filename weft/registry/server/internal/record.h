#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/registry/internal/registry_wire.h"

namespace weft::registry {

/// An instance as the registry holds it: its texts and its serialized message in one block, because
/// a message of many small attributes takes ten times as much memory once it is parsed. Shared by
/// the catalog, the leases and the history; never changed once others see it.
class Record {
 public:
  /// `client` is whose it is (client_of()); empty where that is not known.
  Record(std::string_view service, const v1::Instance& instance, std::string_view client);
  /// From an instance's bytes, which parse.
  Record(std::string_view service, std::string_view id, std::string_view instance,
         std::string_view client);

  std::string_view service() const noexcept { return part(0, service_size_); }
  std::string_view id() const noexcept { return part(service_size_, id_size_); }
  std::string_view client() const noexcept { return part(service_size_ + id_size_, client_size_); }
  /// A v1::Instance, serialized.
  std::string_view instance_bytes() const noexcept {
    return std::string_view(text_).substr(service_size_ + id_size_ + client_size_);
  }
  v1::Instance instance() const;
  /// What is sent, but for the time that is left.
  v1::Entry entry() const;
  /// Bytes of memory that it takes, with its places in the catalog and among the leases.
  std::size_t cost() const noexcept {
    return kFixedCost + 2U * service_size_ + id_size_ + text_.capacity();
  }

  std::uint64_t lease = 0;
  /// That brought it.
  std::uint64_t revision = 0;
  std::int64_t registered_at_ms = 0;
  std::uint32_t ttl_ms = 0;

 private:
  // The nodes of the catalog (64 bytes, and 128 for a service of its own), of the leases (144), of
  // the client's account (128) and of a store in memory (128), this object and its count (112), a
  // change of the history (32).
  static constexpr std::size_t kFixedCost = 736;
  std::string_view part(std::size_t begin, std::size_t size) const noexcept {
    return std::string_view(text_).substr(begin, size);
  }

  std::uint16_t service_size_;
  std::uint16_t id_size_;
  std::uint16_t client_size_;
  std::string text_;
};
using RecordRef = std::shared_ptr<const Record>;

/// What a revision brought. A removal's record has what there is to say of what is gone.
struct ChangeRecord {
  std::uint64_t revision = 0;
  v1::Change::Kind kind = v1::Change::PUT;
  RecordRef record;
};

/// All that a registry knows and keeps.
struct Saved {
  /// Told apart from every other store's, so that nobody takes another store's revisions for ours.
  std::string store_id;
  /// Of the last change.
  std::uint64_t revision = 0;
  /// The changes after this revision and up to `revision` are in `changes`, without a gap.
  std::uint64_t compacted = 0;
  std::vector<RecordRef> records;
  std::deque<ChangeRecord> changes;

  /// What there is did not come about by changes that can be told: a watch that knows the last
  /// revision is to begin anew as well.
  void forget_history() {
    compacted = ++revision;
    changes.clear();
  }
};

}  // namespace weft::registry
