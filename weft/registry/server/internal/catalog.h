#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/registry/server/internal/record.h"

namespace weft::registry {

/// Which instances there are, and the last changes: what was committed, and nothing else. Belongs
/// to one thread.
class Catalog {
 public:
  using Instances = std::map<std::string, RecordRef, std::less<>>;
  using Services = std::map<std::string, Instances, std::less<>>;

  Catalog() = default;
  explicit Catalog(Saved saved);

  /// Null where there is none.
  RecordRef find(std::string_view service, std::string_view id) const;
  /// Services without instances are not among them.
  const Services& services() const noexcept { return services_; }
  /// Empty `service`: of all services.
  std::vector<RecordRef> list(std::string_view service) const;
  std::size_t size() const noexcept { return size_; }

  const std::string& store_id() const noexcept { return store_id_; }
  std::uint64_t revision() const noexcept { return revision_; }
  /// Whether what came after a revision is known.
  bool knows_since(std::uint64_t revision) const noexcept {
    return revision >= compacted_ && revision <= revision_;
  }
  /// The changes of a service after a revision, at most `limit` of them; `upto` becomes the
  /// revision that they lead to. Only where knows_since().
  std::vector<ChangeRecord> changes_since(std::uint64_t revision, std::string_view service,
                                          std::size_t limit, std::uint64_t& upto) const;

  /// Revisions follow each other.
  void apply(const ChangeRecord& change);
  /// Forgets the changes up to a revision.
  void compact(std::uint64_t revision);
  /// What compact() is to be called with, to keep `limit` changes when there are `more` of them.
  std::uint64_t compaction_for(std::size_t limit, std::size_t more) const noexcept;

 private:
  Services services_;
  std::size_t size_ = 0;
  std::deque<ChangeRecord> changes_;
  std::string store_id_;
  std::uint64_t revision_ = 0;
  std::uint64_t compacted_ = 0;
};

}  // namespace weft::registry
