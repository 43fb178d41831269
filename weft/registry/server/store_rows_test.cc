// What a registry makes of a file that others have written: older weft, editors, attackers.

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "weft/base/log.h"
#include "weft/registry/server/internal/test_store.h"
#include "weft/registry/server/registry_service.h"
#include "weft/testing/folder.h"

namespace weft::registry {
namespace {

using test::batch;
using test::put;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoredRows : public ::testing::Test {
 protected:
  StoredRows() {
    set_log_sink([this](LogLevel, std::string_view line) { lines.emplace_back(line); });
  }
  ~StoredRows() override { set_log_sink({}); }

  /// The first column of what `sql` gives.
  std::vector<std::string> run_sql(const std::string& sql) {
    std::vector<std::string> rows;
    sqlite3* connection = nullptr;
    EXPECT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
    const auto add = [](void* into, int, char** columns, char**) {
      static_cast<std::vector<std::string>*>(into)->emplace_back(
          columns[0] == nullptr ? "(null)" : columns[0]);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), add, &rows, nullptr), SQLITE_OK)
        << sqlite3_errmsg(connection);
    sqlite3_close(connection);
    return rows;
  }
  /// A file with the instances "1" and "2" of "a".
  void make_file() {
    const auto store = open_sqlite_store(path);
    ASSERT_TRUE(store.ok()) << store.status().to_string();
    ASSERT_TRUE((*store)->commit(batch({put("a", "1", 1), put("a", "2", 2)})).ok());
  }
  Saved load(const LoadLimits& limits = {}) {
    const auto store = open_sqlite_store(path);
    EXPECT_TRUE(store.ok()) << store.status().to_string();
    Result<Saved> saved = (*store)->load(limits);
    EXPECT_TRUE(saved.ok()) << saved.status().to_string();
    return saved.ok() ? *std::move(saved) : Saved();
  }
  static std::vector<std::string> ids(const Saved& saved) {
    std::vector<std::string> ids;
    for (const RecordRef& record : saved.records) ids.emplace_back(record->id());
    return ids;
  }
  Result<RegistryService> service(const RegistryOptions& options = {}) {
    return RegistryService::open(path, options);
  }

  testing::Folder directory;
  std::string path = directory.file("registry.db");
  std::vector<std::string> lines;
};

TEST_F(StoredRows, AreReadWhereTheyAreGood) {
  make_file();
  EXPECT_THAT(ids(load()), ElementsAre("1", "2"));
  EXPECT_THAT(lines, IsEmpty());
}

struct BadRow {
  const char* name;
  const char* sql;
  const char* why;
};
// A row that is good but for what is said of it; 0x0a 01 33 is an instance with the id "3".
const BadRow kBadRows[] = {
    {"NoAddress", "INSERT INTO entries VALUES('a','3',9,10000,2,5,x'0a0133','')", "no address"},
    {"Garbage", "INSERT INTO entries VALUES('a','3',9,10000,2,5,x'ffffff','')", "cannot be parsed"},
    {"Empty", "INSERT INTO entries VALUES('a','3',9,10000,2,5,x'','')", "another id"},
    {"OtherId", "INSERT INTO entries VALUES('a','3',9,10000,2,5,x'0a0134','')", "another id"},
    {"BadAddress", "INSERT INTO entries VALUES('a','3',9,10000,2,5,x'0a0133120178','')", "address"},
    {"TextForBytes", "INSERT INTO entries VALUES('a','3',9,10000,2,5,'text','')", "instance"},
    {"Oversize", "INSERT INTO entries VALUES('a','3',9,10000,2,5,zeroblob(2000000),'')",
     "instance is missing, too long"},
    {"BadName", "INSERT INTO entries VALUES('a b','3',9,10000,2,5,x'0a0133','')", "service 'a b'"},
    {"NoName", "INSERT INTO entries VALUES('','3',9,10000,2,5,x'0a0133','')", "no name"},
    {"LongName",
     "INSERT INTO entries VALUES(replace(hex(zeroblob(400)),'0','x'),'3',9,10000,2,5,x'0a0133','')",
     "service is missing, too long"},
    {"NoId", "INSERT INTO entries VALUES('a','',9,10000,2,5,x'','')", "id"},
    {"BlobForId", "INSERT INTO entries VALUES('a',x'31',9,10000,2,5,x'0a0131','')", "id"},
    {"NoLease", "INSERT INTO entries VALUES('a','3',0,10000,2,5,x'0a0133','')", "lease"},
    {"TextForLease", "INSERT INTO entries VALUES('a','3','x',10000,2,5,x'0a0133','')", "lease"},
    {"NegativeTtl", "INSERT INTO entries VALUES('a','3',9,-1,2,5,x'0a0133','')", "ttl_ms"},
    {"EndlessTtl", "INSERT INTO entries VALUES('a','3',9,99999999999,2,5,x'0a0133','')", "ttl_ms"},
    {"NegativeRevision", "INSERT INTO entries VALUES('a','3',9,10000,-2,5,x'0a0133','')",
     "revision"},
    {"FutureRevision", "INSERT INTO entries VALUES('a','3',9,10000,99,5,x'0a0133','')", "revision"},
    {"NegativeTime", "INSERT INTO entries VALUES('a','3',9,10000,2,-5,x'0a0133','')",
     "registered_at_ms"},
    {"LongClient", "INSERT INTO entries VALUES('a','3',9,10000,2,5,x'0a0133',hex(zeroblob(400)))",
     "client"},
};

class BadRows : public StoredRows, public ::testing::WithParamInterface<BadRow> {};

TEST_P(BadRows, ArePutAsideAndSaidAndTheOthersAreRead) {
  make_file();
  run_sql(GetParam().sql);
  const Saved saved = load();
  EXPECT_THAT(ids(saved), ElementsAre("1", "2"));
  EXPECT_THAT(lines, ElementsAre(::testing::AllOf(HasSubstr(path), HasSubstr("is put aside"),
                                                  HasSubstr(GetParam().why))));
  EXPECT_EQ(saved.compacted, saved.revision) << "who watched has seen what is not there any more";
  EXPECT_GT(saved.revision, 2U);
  lines.clear();
  EXPECT_THAT(ids(load()), ElementsAre("1", "2"));
  EXPECT_THAT(lines, IsEmpty()) << "it was moved";
  EXPECT_THAT(run_sql("SELECT why FROM rejected WHERE origin = 'entries'"),
              ElementsAre(HasSubstr(GetParam().why)));
  EXPECT_TRUE(service().ok());
}

INSTANTIATE_TEST_SUITE_P(Of, BadRows, ::testing::ValuesIn(kBadRows),
                         [](const auto& param) { return std::string(param.param.name); });

TEST_F(StoredRows, ThatShareALeaseAreOneInstance) {
  make_file();
  run_sql("UPDATE entries SET lease = 7");
  const auto opened = service();
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->instances(), 1U);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("another instance has its lease")));
}

TEST_F(StoredRows, BeyondTodaysLimitsArePutAside) {
  make_file();
  const auto opened = service({.max_instances_per_client = 1});
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->instances(), 1U);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("max_instances_per_client")));
}

TEST_F(StoredRows, OfWhomNothingIsKnownMayNotBeLocal) {
  {
    const auto store = open_sqlite_store(path);
    ASSERT_TRUE(store.ok());
    const auto add = [&](std::uint64_t revision, const char* address, const char* client) {
      ChangeRecord change = put("a", std::to_string(revision), revision);
      change.record = test::record("a", std::to_string(revision), revision, address, client);
      ASSERT_TRUE((*store)->commit(batch({change})).ok());
    };
    add(1, "unix:/tmp/x", "");
    add(2, "unix:/tmp/x", "127.0.0.1");
    add(3, "10.0.0.1:80", "");
  }
  const auto opened = service();
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->instances(), 2U);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("its registrant is not known")));
}

TEST_F(StoredRows, ManyBadOnesAreFewLines) {
  make_file();
  std::string sql;
  for (int i = 0; i < 100; ++i) {
    sql += "INSERT INTO entries VALUES('a','x" + std::to_string(i) + "',9,1,2,5,x'ff','');";
  }
  run_sql(sql);
  EXPECT_THAT(ids(load()), ElementsAre("1", "2"));
  EXPECT_THAT(lines, SizeIs(11));
}

TEST_F(StoredRows, ChangesThatCannotBeReadEndTheHistory) {
  make_file();
  run_sql("UPDATE changes SET entry = x'ff' WHERE revision = 1");
  const Saved saved = load();
  EXPECT_THAT(ids(saved), SizeIs(2));
  EXPECT_EQ(saved.revision, 2U);
  EXPECT_EQ(saved.compacted, 1U);
  EXPECT_THAT(saved.changes, SizeIs(1));
  EXPECT_THAT(run_sql("SELECT revision FROM rejected WHERE origin = 'changes'"), ElementsAre("1"));
}

TEST_F(StoredRows, MissingChangesEndTheHistory) {
  make_file();
  run_sql("DELETE FROM changes WHERE revision = 2");
  const Saved saved = load();
  EXPECT_THAT(ids(saved), SizeIs(2));
  EXPECT_EQ(saved.compacted, 2U);
  EXPECT_THAT(saved.changes, IsEmpty());
  EXPECT_THAT(lines, ElementsAre(HasSubstr("changes up to revision 2 are missing")));
}

TEST_F(StoredRows, OfTheHistoryAreReadUpToTheLimit) {
  make_file();
  const Saved saved = load({.history = 1});
  EXPECT_THAT(saved.changes, SizeIs(1));
  EXPECT_EQ(saved.compacted, 1U);
  EXPECT_THAT(lines, IsEmpty());
}

TEST_F(StoredRows, WithoutAWholeHeadAreDamage) {
  for (const char* sql : {"DELETE FROM meta WHERE key = 'revision'",
                          "UPDATE meta SET value = -1 WHERE key = 'revision'",
                          "UPDATE meta SET value = 'x' WHERE key = 'compacted'",
                          "UPDATE meta SET value = '' WHERE key = 'store_id'"}) {
    std::filesystem::remove(path);
    make_file();
    run_sql(sql);
    const Status status = service().status();
    EXPECT_EQ(status.code(), StatusCode::DataLoss) << sql;
    EXPECT_THAT(std::string(status.message()), HasSubstr("the table meta is not whole"));
  }
}

// As weft wrote it before clients were accounted for: sqlite3 registry.db .dump
constexpr const char* kFormat1 = R"(
  CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
  INSERT INTO meta VALUES('compacted',0);
  INSERT INTO meta VALUES('revision',3);
  INSERT INTO meta VALUES('store_id','0123456789abcdef');
  CREATE TABLE entries(service TEXT NOT NULL, id TEXT NOT NULL, lease INTEGER NOT NULL,
                       ttl_ms INTEGER NOT NULL, revision INTEGER NOT NULL,
                       registered_at_ms INTEGER NOT NULL, instance BLOB NOT NULL,
                       PRIMARY KEY(service, id)) WITHOUT ROWID;
  INSERT INTO entries VALUES('a','1',-81985529216486895,10000,1,1700000000000,
                             x'0a0131120b31302e302e302e313a3830');
  INSERT INTO entries VALUES('a','2',5,10000,3,1700000000000,x'0a0132120b31302e302e302e323a3830');
  CREATE TABLE changes(revision INTEGER PRIMARY KEY, kind INTEGER NOT NULL, entry BLOB NOT NULL);
  INSERT INTO changes VALUES(1,0,x'0a016112100a0131120b31302e302e302e313a3830');
  INSERT INTO changes VALUES(2,0,x'0a016112100a0132120b31302e302e302e313a3830');
  INSERT INTO changes VALUES(3,0,x'0a016112100a0132120b31302e302e302e323a3830');
  PRAGMA application_id = 1466263156;
  PRAGMA user_version = 1;)";

TEST_F(StoredRows, OfFormat1AreRead) {
  run_sql(kFormat1);
  const Saved saved = load();
  EXPECT_THAT(ids(saved), ElementsAre("1", "2"));
  EXPECT_EQ(saved.store_id, "0123456789abcdef");
  EXPECT_EQ(saved.revision, 3U);
  EXPECT_EQ(saved.compacted, 0U);
  EXPECT_THAT(saved.changes, SizeIs(3));
  EXPECT_EQ(saved.records[0]->lease, static_cast<std::uint64_t>(-81985529216486895));
  EXPECT_EQ(saved.records[0]->client(), "");
  EXPECT_EQ(saved.records[1]->instance().addresses(0), "10.0.0.2:80");
  EXPECT_THAT(run_sql("PRAGMA user_version"), ElementsAre("2"));
  EXPECT_THAT(lines, Contains(HasSubstr("brought from format 1 to format 2")));
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

TEST_F(StoredRows, AreForTheirOwnerOnly) {
  const mode_t before = ::umask(0);
  const auto store = open_sqlite_store(path);
  ::umask(before);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->commit(batch({put("a", "1", 1)})).ok());
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(mode_of(path + "-wal"), 0600U);
}

TEST_F(StoredRows, OfAWorldReadableFileBecomePrivate) {
  make_file();
  ASSERT_EQ(::chmod(path.c_str(), 0664), 0);
  const auto store = open_sqlite_store(path);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->commit(batch({put("a", "3", 3)})).ok());
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(mode_of(path + "-wal"), 0600U);
  EXPECT_THAT(lines, Contains(HasSubstr("mode 0664 let other users read the registry")));
}

}  // namespace
}  // namespace weft::registry
