#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "weft/registry/server/internal/record.h"

namespace weft::registry {

/// Which instances there are, and the last changes: what was committed, and nothing else. Belongs
/// to one thread.
class Catalog {
 public:
  struct ById {
    using is_transparent = void;
    bool operator()(const RecordRef& a, const RecordRef& b) const { return a->id() < b->id(); }
    bool operator()(const RecordRef& a, std::string_view b) const { return a->id() < b; }
    bool operator()(std::string_view a, const RecordRef& b) const { return a < b->id(); }
  };
  using Instances = std::set<RecordRef, ById>;
  using Services = std::map<std::string, Instances, std::less<>>;

  /// A place in the list of all instances: behind the one that it names, or at its beginning.
  struct Place {
    std::string service;
    std::string id;
  };

  Catalog() = default;
  explicit Catalog(Saved saved);

  /// Null where there is none.
  RecordRef find(std::string_view service, std::string_view id) const;
  /// Services without instances are not among them.
  const Services& services() const noexcept { return services_; }
  /// All of a service; of all services where it is empty.
  std::vector<RecordRef> list(std::string_view service) const;
  /// Those behind `place`, until they have `size` bytes together; `more` says whether there are
  /// others behind them. So a long list is told in parts, between which instances come and go,
  /// without anybody keeping it.
  std::vector<RecordRef> list_part(std::string_view service, const Place& place, std::size_t size,
                                   bool& more) const;
  std::size_t size() const noexcept { return size_; }

  const std::string& store_id() const noexcept { return store_id_; }
  std::uint64_t revision() const noexcept { return revision_; }
  /// Whether what came after a revision is known.
  bool knows_since(std::uint64_t revision) const noexcept {
    return revision >= compacted_ && revision <= revision_;
  }
  /// The changes of a service after a revision, at most `limit` of them and, beyond the first, of
  /// `size` bytes; `upto` becomes the revision that they lead to. Only where knows_since().
  std::vector<ChangeRecord> changes_since(std::uint64_t revision, std::string_view service,
                                          std::size_t limit, std::size_t size,
                                          std::uint64_t& upto) const;

  /// Revisions follow each other.
  void apply(const ChangeRecord& change);
  /// Forgets the changes up to a revision.
  void compact(std::uint64_t revision);
  /// What compact() is to be called with once `added` has been applied, to keep at most `limit`
  /// changes of `memory` bytes.
  std::uint64_t compaction_for(std::size_t limit, std::size_t memory,
                               const std::vector<ChangeRecord>& added) const;
  /// Bytes that the changes take, by Record::cost().
  std::size_t history_memory() const noexcept { return history_memory_; }

 private:
  Services services_;
  std::size_t size_ = 0;
  std::deque<ChangeRecord> changes_;
  std::size_t history_memory_ = 0;
  std::string store_id_;
  std::uint64_t revision_ = 0;
  std::uint64_t compacted_ = 0;
};

}  // namespace weft::registry
