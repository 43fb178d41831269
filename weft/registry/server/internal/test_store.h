#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weft/registry/server/internal/store_batch.h"
#include "weft/registry/server/store.h"

namespace weft::registry::test {

inline RecordRef record(const std::string& service, const std::string& id, std::uint64_t revision) {
  auto made = std::make_shared<Record>();
  made->lease = 0xfedcba9876543210 + revision;
  v1::Entry& entry = made->entry;
  entry.set_service(service);
  entry.set_ttl_ms(10'000);
  entry.set_revision(revision);
  entry.set_registered_at_ms(1'700'000'000'000);
  entry.mutable_instance()->set_id(id);
  entry.mutable_instance()->add_addresses("10.0.0.1:80");
  (*entry.mutable_instance()->mutable_attributes())["version"] = std::string("1\0.2", 4);
  return made;
}

inline ChangeRecord put(const std::string& service, const std::string& id, std::uint64_t revision) {
  return {.revision = revision, .kind = v1::Change::PUT, .record = record(service, id, revision)};
}

inline ChangeRecord removal(const std::string& service, const std::string& id,
                            std::uint64_t revision) {
  return {
      .revision = revision, .kind = v1::Change::LAPSED, .record = record(service, id, revision)};
}

inline StoreBatch batch(std::vector<ChangeRecord> changes, std::uint64_t compacted = 0) {
  return {.changes = std::move(changes), .compacted = compacted};
}

}  // namespace weft::registry::test
