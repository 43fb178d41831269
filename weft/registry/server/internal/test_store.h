#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weft/registry/server/internal/store_batch.h"
#include "weft/registry/server/store.h"

namespace weft::registry::test {

inline RecordRef record(const std::string& service, const std::string& id, std::uint64_t revision,
                        const std::string& address = "10.0.0.1:80",
                        const std::string& client = "10.0.0.9") {
  v1::Instance instance;
  instance.set_id(id);
  instance.add_addresses(address);
  (*instance.mutable_attributes())["version"] = std::string("1\0.2", 4);
  auto made = std::make_shared<Record>(service, instance, client);
  made->lease = 0xfedcba9876543210 + revision;
  made->ttl_ms = 10'000;
  made->revision = revision;
  made->registered_at_ms = 1'700'000'000'000;
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
