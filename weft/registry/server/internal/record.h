#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "weft/registry/v1/registry.pb.h"

namespace weft::registry {

/// An instance as the registry holds it. Never changed, so that the catalog, the history and
/// answers that are being written share it.
struct Record {
  v1::Entry entry;
  std::uint64_t lease = 0;
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
};

}  // namespace weft::registry
