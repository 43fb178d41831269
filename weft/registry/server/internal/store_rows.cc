#include "weft/registry/server/internal/store_rows.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "weft/base/log.h"
#include "weft/registry/internal/instance.h"

namespace weft::registry {
namespace {

// More than any instance or change takes; what is larger is not even read into memory.
constexpr const char* kEntries = R"(
  SELECT CASE WHEN length(service) <= 255 THEN service END,
         CASE WHEN length(id) <= 128 THEN id END,
         lease, ttl_ms, revision, registered_at_ms,
         CASE WHEN length(instance) <= 1048576 THEN instance END,
         CASE WHEN length(client) <= 64 THEN client END,
         service, id
  FROM entries)";
constexpr const char* kChanges = R"(
  SELECT revision, kind, CASE WHEN length(entry) <= 1048576 THEN entry END
  FROM changes ORDER BY revision DESC)";

constexpr const char* kMoveEntry = R"(
  INSERT INTO rejected(origin, why, service, id, lease, ttl_ms, revision, registered_at_ms, content)
  SELECT 'entries', ?1, service, id, lease, ttl_ms, revision, registered_at_ms,
         CASE WHEN length(instance) <= 1048576 THEN instance END
  FROM entries WHERE service = ?2 AND id = ?3)";
constexpr const char* kEraseEntry = "DELETE FROM entries WHERE service = ?1 AND id = ?2";
constexpr const char* kMoveChange = R"(
  INSERT INTO rejected(origin, why, revision, content)
  SELECT 'changes', ?1, revision, CASE WHEN length(entry) <= 1048576 THEN entry END
  FROM changes WHERE revision = ?2)";
constexpr const char* kEraseChange = "DELETE FROM changes WHERE revision = ?1";
// They are for people to look at.
constexpr const char* kKeepFew =
    "DELETE FROM rejected WHERE number <= (SELECT max(number) FROM rejected) - 1000";
constexpr std::size_t kMaxLines = 10;

constexpr std::int64_t kMaxTtl = 3'600'000'000;

bool is_between(std::int64_t value, std::int64_t least, std::uint64_t most) {
  return value >= least && static_cast<std::uint64_t>(value) <= most;
}

Status wrong(std::string_view column) {
  return data_loss(std::string(column) + " is missing, too long, of another type or out of range");
}

}  // namespace

Status StoreRows::check_entry(const Statement& row) const {
  const auto is_in = [&row](int column, std::int64_t least, std::uint64_t most) {
    return row.is_integer(column) && is_between(row.integer(column), least, most);
  };
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!row.is_text(0)) return wrong("service");
  if (Status status = check_service_name(row.bytes(0)); !status.ok()) return status;
  if (!row.is_text(1) || row.bytes(1).empty()) return wrong("id");
  if (!row.is_integer(2) || row.integer(2) == 0) return wrong("lease");
  if (!is_in(3, 1, kMaxTtl)) return wrong("ttl_ms");
  if (!is_in(4, 1, saved_.revision)) return wrong("revision");
  if (!is_in(5, 0, kMost)) return wrong("registered_at_ms");
  if (!row.is_blob(6)) return wrong("instance");
  return row.is_text(7) ? Status() : wrong("client");
}

Status StoreRows::read_entry(const Statement& row) {
  Status status = check_entry(row);
  if (!status.ok()) return status;
  v1::Instance instance;
  if (!instance.ParseFromString(row.bytes(6))) return data_loss("instance cannot be parsed");
  if (instance.id() != row.bytes(1)) return data_loss("instance has another id");
  const Result<cluster::Endpoint> endpoint = endpoint_of(instance);
  if (!endpoint.ok()) return endpoint.status();
  auto record = std::make_shared<Record>(row.bytes(0), instance, row.bytes(7));
  record->lease = static_cast<std::uint64_t>(row.integer(2));
  record->ttl_ms = static_cast<std::uint32_t>(row.integer(3));
  record->revision = static_cast<std::uint64_t>(row.integer(4));
  record->registered_at_ms = row.integer(5);
  if (limits_.check) status = limits_.check(*record, instance);
  if (status.ok()) saved_.records.push_back(std::move(record));
  return status;
}

Status StoreRows::read_entries() {
  Result<Statement> rows = database_.prepare(kEntries);
  if (!rows.ok()) return std::move(rows).status();
  for (;;) {
    const Result<bool> row = rows->step();
    if (!row.ok()) return row.status();
    if (!*row) return {};
    const Status status = read_entry(*rows);
    if (status.ok()) continue;
    tell("instance '" + rows->bytes(1) + "' of '" + rows->bytes(0) + "'", status);
    entries_.push_back(Rejected::of(*rows, {8, 9}, status));
  }
}

Result<ChangeRecord> StoreRows::change_of(const Statement& row) const {
  if (!is_between(row.integer(0), 1, saved_.revision)) return wrong("revision");
  if (!row.is_integer(1) || !is_between(row.integer(1), 0, v1::Change::Kind_MAX)) {
    return wrong("kind");
  }
  v1::Entry entry;
  if (!row.is_blob(2) || !entry.ParseFromString(row.bytes(2))) return wrong("entry");
  if (Status status = check_service_name(entry.service()); !status.ok()) return status;
  if (entry.instance().id().empty() || entry.instance().id().size() > 128) return wrong("id");
  auto record = std::make_shared<Record>(entry.service(), entry.instance(), "");
  record->ttl_ms = entry.ttl_ms();
  record->revision = entry.revision();
  record->registered_at_ms = entry.registered_at_ms();
  return ChangeRecord{.revision = static_cast<std::uint64_t>(row.integer(0)),
                      .kind = static_cast<v1::Change::Kind>(row.integer(1)),
                      .record = std::move(record)};
}

Status StoreRows::read_changes() {
  Result<Statement> rows = database_.prepare(kChanges);
  if (!rows.ok()) return std::move(rows).status();
  std::uint64_t expected = saved_.revision;
  std::size_t memory = 0;
  while (expected > saved_.compacted) {
    const Result<bool> row = rows->step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    Result<ChangeRecord> change = change_of(*rows);
    if (!change.ok()) {
      const std::int64_t revision = rows->integer(0);
      tell("change " + std::to_string(revision), change.status());
      changes_.push_back(Rejected::of(*rows, {0}, change.status()));
      // One that is ahead of the last leaves no gap.
      if (revision > 0 && static_cast<std::uint64_t>(revision) > saved_.revision) continue;
      break;
    }
    memory += change->record->cost();
    if (change->revision != expected || memory > limits_.history_memory ||
        saved_.changes.size() == limits_.history) {
      break;
    }
    saved_.changes.push_front(*std::move(change));
    --expected;
  }
  if (expected > saved_.compacted && saved_.changes.size() < limits_.history &&
      memory <= limits_.history_memory) {
    log(LogLevel::Warn, "registry: " + path_ + ": changes up to revision " +
                            std::to_string(expected) + " are missing; watches that resume before " +
                            "it begin anew");
  }
  saved_.compacted = expected;
  return {};
}

StoreRows::Rejected StoreRows::Rejected::of(const Statement& row, std::initializer_list<int> key,
                                            const Status& why) {
  Rejected rejected{.key = {}, .why = std::string(why.message())};
  for (const int column : key) rejected.key.push_back(row.value(column));
  return rejected;
}

void StoreRows::tell(const std::string& what, const Status& why) const {
  const std::size_t lines = entries_.size() + changes_.size();
  if (lines < kMaxLines) {
    log(LogLevel::Warn, "registry: " + path_ + ": " + what +
                            " is put aside: " + std::string(why.message()) + " (table rejected)");
  } else if (lines == kMaxLines) {
    log(LogLevel::Warn, "registry: " + path_ + ": more is put aside; see the table rejected");
  }
}

Status StoreRows::move(const char* insert, const char* erase, const std::vector<Rejected>& rows) {
  if (rows.empty()) return {};
  Result<Statement> add = database_.prepare(insert);
  if (!add.ok()) return std::move(add).status();
  Result<Statement> remove = database_.prepare(erase);
  if (!remove.ok()) return std::move(remove).status();
  for (const Rejected& row : rows) {
    add->bind_text(1, row.why);
    for (std::size_t i = 0; i < row.key.size(); ++i) {
      add->bind_value(static_cast<int>(i) + 2, row.key[i]);
      remove->bind_value(static_cast<int>(i) + 1, row.key[i]);
    }
    Status status = add->run();
    if (status.ok()) status = remove->run();
    if (!status.ok()) return status;
  }
  return {};
}

Status StoreRows::put_aside() {
  if (entries_.empty() && changes_.empty()) return {};
  // Watches know instances that are not here any more.
  if (!entries_.empty()) saved_.forget_history();
  Status status = move(kMoveEntry, kEraseEntry, entries_);
  if (status.ok()) status = move(kMoveChange, kEraseChange, changes_);
  return status.ok() ? database_.execute(kKeepFew) : status;
}

}  // namespace weft::registry
