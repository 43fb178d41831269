#include "weft/registry/server/store.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include "weft/registry/server/internal/test_store.h"
#include "weft/testing/folder.h"

namespace weft::registry {
namespace {

using test::batch;
using test::put;
using test::removal;
using ::testing::HasSubstr;

class SqliteStore : public ::testing::Test {
 protected:
  std::shared_ptr<Store> open() {
    Result<std::shared_ptr<Store>> store = open_sqlite_store(path);
    EXPECT_TRUE(store.ok()) << store.status().to_string();
    return store.ok() ? *store : nullptr;
  }
  Saved reopened() {
    const std::shared_ptr<Store> store = open();
    Result<Saved> saved = store->load({});
    EXPECT_TRUE(saved.ok()) << saved.status().to_string();
    return saved.ok() ? *std::move(saved) : Saved();
  }
  Status open_error() { return open_sqlite_store(path).status(); }

  testing::Folder directory;
  std::string path = directory.file("registry.db");
};

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(connection);
  sqlite3_close(connection);
}

TEST_F(SqliteStore, StartsEmptyWithAnIdOfItsOwn) {
  const Saved saved = reopened();
  EXPECT_EQ(saved.revision, 0U);
  EXPECT_TRUE(saved.records.empty());
  EXPECT_TRUE(saved.changes.empty());
  EXPECT_EQ(saved.store_id.size(), 16U);
  EXPECT_EQ(reopened().store_id, saved.store_id);
  path = directory.file("other.db");
  EXPECT_NE(reopened().store_id, saved.store_id);
}

TEST_F(SqliteStore, KeepsEntriesAndChangesOverARestart) {
  {
    const auto store = open();
    ASSERT_TRUE(store->load({}).ok());
    ASSERT_TRUE(store->commit(batch({put("a", "1", 1), put("a", "2", 2), put("b", "1", 3)})).ok());
    ASSERT_TRUE(store->commit(batch({removal("a", "1", 4), put("a", "2", 5)})).ok());
  }
  const Saved saved = reopened();
  EXPECT_EQ(saved.revision, 5U);
  ASSERT_EQ(saved.records.size(), 2U);
  const Record& kept = *saved.records[0];
  const RecordRef expected = test::record("a", "2", 5);
  EXPECT_EQ(kept.lease, expected->lease);
  EXPECT_EQ(kept.entry().SerializeAsString(), expected->entry().SerializeAsString());
  EXPECT_EQ(kept.client(), "10.0.0.9");
  ASSERT_EQ(saved.changes.size(), 5U);
  EXPECT_EQ(saved.changes[3].kind, v1::Change::LAPSED);
  EXPECT_EQ(saved.changes[3].revision, 4U);
  EXPECT_EQ(saved.changes[3].record->id(), "1");
}

TEST_F(SqliteStore, ForgetsChangesThatAreCompacted) {
  {
    const auto store = open();
    ASSERT_TRUE(store->commit(batch({put("a", "1", 1), put("a", "2", 2)})).ok());
    ASSERT_TRUE(store->commit(batch({put("a", "3", 3)}, 2)).ok());
  }
  const Saved saved = reopened();
  EXPECT_EQ(saved.compacted, 2U);
  ASSERT_EQ(saved.changes.size(), 1U);
  EXPECT_EQ(saved.changes[0].revision, 3U);
  EXPECT_EQ(saved.records.size(), 3U);
}

TEST_F(SqliteStore, LeavesAFileAloneThatIsNoDatabase) {
  const std::string text(5000, 'x');
  write(path, text);
  const Status status = open_error();
  EXPECT_EQ(status.code(), StatusCode::DataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path + ": file is not a database"));
  EXPECT_EQ(content(path), text);
}

TEST_F(SqliteStore, LeavesAnotherProgramsDatabaseAlone) {
  run_sql(path, "CREATE TABLE bookmarks(url TEXT)");
  const std::string before = content(path);
  const Status status = open_error();
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("a SQLite file of another program"));
  EXPECT_EQ(content(path), before);
}

TEST_F(SqliteStore, RefusesTheFormatOfANewerVersion) {
  open();
  run_sql(path, "PRAGMA user_version = 3");
  const std::string before = content(path);
  EXPECT_EQ(open_error().code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(std::string(open_error().message()), HasSubstr("written in format 3"));
  EXPECT_EQ(content(path), before);
}

TEST_F(SqliteStore, RefusesAFileThatIsOpen) {
  const auto store = open();
  const Status status = open_error();
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another process has it open"));
}

TEST_F(SqliteStore, NamesTheFileThatCannotBeMade) {
  path = directory.file("no/such/directory/registry.db");
  EXPECT_EQ(open_error().code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(std::string(open_error().message()), HasSubstr(path));
}

TEST_F(SqliteStore, SaysThatAFileIsDamagedAndLeavesIt) {
  {
    const auto store = open();
    std::vector<ChangeRecord> changes;
    for (std::uint64_t i = 1; i <= 500; ++i) changes.push_back(put("a", std::to_string(i), i));
    ASSERT_TRUE(store->commit(batch(std::move(changes))).ok());
  }
  std::string bytes = content(path);
  ASSERT_GT(bytes.size(), 3 * 4096U);
  // Everything but the head of the file.
  for (std::size_t i = 4096; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
  write(path, bytes);
  const Status status = open_error();
  EXPECT_EQ(status.code(), StatusCode::DataLoss) << status.to_string();
  EXPECT_THAT(std::string(status.message()), HasSubstr("the file is unchanged"));
  EXPECT_EQ(content(path), bytes);
}

/// Power that fails while a commit is written leaves a part of the log behind it.
TEST_F(SqliteStore, HasWholeCommitsWhereverWritingEnded) {
  const std::string log = path + "-wal";
  const auto store = open();
  std::uint64_t revision = 0;
  for (int i = 0; i < 5; ++i) {
    std::vector<ChangeRecord> changes;
    for (int k = 0; k < 7; ++k) {
      ++revision;
      changes.push_back(put("a", std::to_string(revision), revision));
    }
    ASSERT_TRUE(store->commit(batch(std::move(changes))).ok());
  }
  const std::string file = content(path);
  const std::string written = content(log);
  ASSERT_GT(written.size(), 10'000U);
  std::set<std::uint64_t> seen;
  constexpr std::size_t kStep = 1931;
  for (std::size_t end = 0; end < written.size() + kStep; end += kStep) {
    const std::size_t size = std::min(end, written.size());
    path = directory.file("copy.db");
    write(path, file);
    write(path + "-wal", written.substr(0, size));
    Result<std::shared_ptr<Store>> copy = open_sqlite_store(path);
    ASSERT_TRUE(copy.ok()) << copy.status().to_string();
    const Result<Saved> saved = (*copy)->load({});
    ASSERT_TRUE(saved.ok()) << size << ": " << saved.status().to_string();
    EXPECT_EQ(saved->revision % 7, 0U);
    EXPECT_EQ(saved->records.size(), saved->revision);
    EXPECT_EQ(saved->changes.size(), saved->revision);
    seen.insert(saved->revision);
    copy->reset();
    std::filesystem::remove(path);
    std::filesystem::remove(path + "-wal");
  }
  EXPECT_EQ(seen.size(), 6U) << "each of the five commits, and none";
}

/// A limit on the size of files stands for a disk that is full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(SqliteStore, RecoversFromAFullDisk) {
  const auto store = open();
  ASSERT_TRUE(store->commit(batch({put("a", "1", 1)})).ok());
  std::vector<ChangeRecord> many;
  for (std::uint64_t i = 2; i <= 2000; ++i) many.push_back(put("a", std::to_string(i), i));
  {
    const FileSizeLimit limit(100'000);
    const Status status = store->commit(batch(many));
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
  }
  ASSERT_TRUE(store->commit(batch({put("a", "2", 2)})).ok());
  const Result<Saved> saved = store->load({});
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved->revision, 2U);
  EXPECT_EQ(saved->records.size(), 2U);
}

}  // namespace
}  // namespace weft::registry
