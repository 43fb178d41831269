#include "weft/messaging/log/internal/topic_log.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/messaging/log/internal/little_endian.h"
#include "weft/messaging/log/internal/test_disk.h"
#include "weft/testing/folder.h"

namespace weft::messaging::stored {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kNow = 1'000'000;
constexpr std::size_t kAll = std::size_t{1} << 30;
const char* const kFirstSegment = "orders/00000000000000000000.log";

using Log = std::unique_ptr<TopicLog>;

Result<Log> open_log(Disk& disk, std::size_t segment_bytes = 4096, std::string folder = "orders") {
  return TopicLog::open(disk, std::move(folder), {.segment_bytes = segment_bytes, .seed = 7}, kNow);
}

Status add(TopicLog& log, const std::vector<std::string>& bodies, std::int64_t now = kNow) {
  Status status = log.append(bodies, now);
  return status.ok() ? log.sync() : status;
}

std::vector<std::string> bodies(const TopicLog& log, std::uint64_t from = 0) {
  std::vector<std::string> all;
  TopicLog::Cursor cursor(from);
  std::uint64_t expected = std::max(from, log.first());
  while (true) {
    const Result<std::vector<StoredRecord>> some = log.read(cursor, 1000);
    EXPECT_TRUE(some.ok()) << some.status();
    if (!some.ok() || some->empty()) break;
    for (const StoredRecord& record : *some) {
      EXPECT_EQ(record.offset, expected++);
      all.push_back(record.body);
    }
  }
  EXPECT_EQ(cursor.offset(), log.end());
  return all;
}

TEST(TopicLog, GivesWhatWasAppendedInOrder) {
  TestDisk disk(1);
  Log log = *open_log(disk);
  EXPECT_TRUE(add(*log, {"a", "b"}).ok());
  EXPECT_TRUE(add(*log, {"", std::string(10000, 'x')}).ok());
  EXPECT_THAT(bodies(*log), ElementsAre("a", "b", "", std::string(10000, 'x')));
  EXPECT_THAT(bodies(*log, 1), ElementsAre("b", "", std::string(10000, 'x')));
}

TEST(TopicLog, ShowsNothingBeforeItIsSafe) {
  TestDisk disk(1);
  Log log = *open_log(disk);
  EXPECT_TRUE(log->append(std::vector<std::string>{"a"}, kNow).ok());
  EXPECT_THAT(bodies(*log), IsEmpty());
  EXPECT_TRUE(log->sync().ok());
  EXPECT_THAT(bodies(*log), ElementsAre("a"));
}

TEST(TopicLog, SyncsABatchOnce) {
  TestDisk disk(1);
  Log log = *open_log(disk);
  const std::uint64_t before = disk.syncs();
  EXPECT_TRUE(add(*log, std::vector<std::string>(1000, "event")).ok());
  EXPECT_EQ(disk.syncs(), before + 1);
}

TEST(TopicLog, GoesOnAfterItWasClosed) {
  TestDisk disk(1);
  EXPECT_TRUE(add(**open_log(disk), {"a", "b"}).ok());
  Log log = *open_log(disk);
  EXPECT_TRUE(add(*log, {"c"}).ok());
  EXPECT_THAT(bodies(*log), ElementsAre("a", "b", "c"));
}

TEST(TopicLog, SpreadsOverSegmentsAndReadsAcrossThem) {
  TestDisk disk(1);
  std::vector<std::string> expected;
  {
    Log log = *open_log(disk, 200);
    for (int i = 0; i < 50; ++i) {
      expected.push_back("event " + std::to_string(i));
      EXPECT_TRUE(add(*log, {expected.back()}).ok());
    }
    EXPECT_EQ(bodies(*log), expected);
  }
  EXPECT_GT(disk.list("orders")->size(), 5U);
  EXPECT_EQ(bodies(**open_log(disk, 200)), expected);
}

TEST(TopicLog, ReadsOnInASegmentThatHasGrown) {
  TestDisk disk(1);
  Log log = *open_log(disk);
  TopicLog::Cursor cursor(0);
  for (const char* const body : {"a", "b", "c"}) {
    EXPECT_TRUE(add(*log, {body}).ok());
    const Result<std::vector<StoredRecord>> records = log->read(cursor, kAll);
    ASSERT_EQ(records->size(), 1U);
    EXPECT_EQ(records->front().body, body);
  }
}

TEST(TopicLog, CutsATornTailAtTheLastWholeRecord) {
  TestDisk disk(1);
  EXPECT_TRUE(add(**open_log(disk), {"a", "b"}).ok());
  disk.content(kFirstSegment).resize(disk.content(kFirstSegment).size() - 1);
  Log log = *open_log(disk);
  EXPECT_THAT(bodies(*log), ElementsAre("a"));
  EXPECT_TRUE(add(*log, {"c"}).ok());
  EXPECT_THAT(bodies(*log), ElementsAre("a", "c"));
}

TEST(TopicLog, RefusesDamageBeforeRecordsThatWereSafe) {
  TestDisk disk(1);
  {
    Log log = *open_log(disk);
    for (const char* const body : {"first", "second", "third"}) EXPECT_TRUE(add(*log, {body}).ok());
  }
  std::string& content = disk.content(kFirstSegment);
  content[content.find("second")] = 'S';
  const Result<Log> opened = open_log(disk);
  EXPECT_EQ(opened.status().code(), StatusCode::DataLoss);
  EXPECT_THAT(opened.status().message(),
              HasSubstr("orders/00000000000000000000.log: the record 1"));
}

TEST(TopicLog, SaysWhereAnOlderSegmentIsDamaged) {
  TestDisk disk(1);
  {
    Log log = *open_log(disk, 100);
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(add(*log, {"event " + std::to_string(i)}).ok());
  }
  std::string& content = disk.content(kFirstSegment);
  content[content.find("event 1")] = 'E';
  Log log = *open_log(disk, 100);
  TopicLog::Cursor cursor(1);
  const Result<std::vector<StoredRecord>> read = log->read(cursor, kAll);
  EXPECT_EQ(read.status().code(), StatusCode::DataLoss);
  EXPECT_THAT(read.status().message(), HasSubstr("the record 1 at position"));
}

TEST(TopicLog, RefusesAMissingSegment) {
  TestDisk disk(1);
  {
    Log log = *open_log(disk, 100);
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(add(*log, {"event " + std::to_string(i)}).ok());
  }
  const std::vector<std::string> names = *disk.list("orders");
  EXPECT_TRUE(disk.remove("orders/" + names[1]).ok());
  const Result<Log> opened = open_log(disk, 100);
  EXPECT_EQ(opened.status().code(), StatusCode::DataLoss);
  EXPECT_THAT(opened.status().message(), HasSubstr("missing, " + names[1]));
}

TEST(TopicLog, RefusesANewerVersionByItsNumber) {
  TestDisk disk(1);
  EXPECT_TRUE(add(**open_log(disk), {"a"}).ok());
  disk.content(kFirstSegment)[8] = 2;
  const Result<Log> opened = open_log(disk);
  EXPECT_EQ(opened.status().code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(opened.status().message(),
              HasSubstr("has version 2, and this program reads up to version 1"));
}

/// The bytes of a file of version 1, which every later program has to read.
TEST(TopicLog, ReadsAFileOfVersionOne) {
  const std::string file(
      "weftlog\n"
      "\x01\x00\x00\x00"
      "\x00\x00\x00\x00\x00\x00\x00\x00"
      "\xff\xff\xff\xff\xff\xff\xff\xff"
      "\x40\x42\x0f\x00\x00\x00\x00\x00"
      "\x78\x56\x34\x12"
      "\x67\x90\xf9\x9d"
      "\x02\x00\x00\x00"
      "\xe7\x9f\xb2\x46"
      "\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x2c\x00\x00\x00"
      "\x41\x42\x0f\x00\x00\x00\x00\x00"
      "hi",
      74);
  const testing::Folder folder;
  const std::unique_ptr<Disk> disk = system_disk();
  EXPECT_TRUE(disk->make_folder(folder.file("t")).ok());
  folder.write("t/00000000000000000000.log", file);
  Log log = *open_log(*disk, 4096, folder.file("t"));
  TopicLog::Cursor cursor(0);
  const Result<std::vector<StoredRecord>> read = log->read(cursor, kAll);
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(read->front().body, "hi");
  EXPECT_EQ(read->front().time, 1'000'001);
}

TEST(TopicLog, DataCannotPassForARecord) {
  TestDisk disk(1);
  std::string forged;
  append_record(forged, 0, {.offset = 2, .safe = 4000, .time = kNow}, "forged");
  EXPECT_TRUE(add(**open_log(disk), {"a", forged}).ok());
  disk.content(kFirstSegment).resize(disk.content(kFirstSegment).size() - 1);
  disk.content(kFirstSegment).append(forged);
  EXPECT_THAT(bodies(**open_log(disk)), ElementsAre("a"));
}

/// Were each checksum made by itself, it would take minutes, more than the test has.
TEST(TopicLog, OpensInTimeWhateverTheDataBehindADamage) {
  constexpr std::size_t kSize = std::size_t{8} << 20;
  TestDisk disk(1);
  // Data that might be the heads of 400,000 records, each of which reaches to the end.
  std::string body;
  while (body.size() < kSize) {
    put_number(body, static_cast<std::uint32_t>(kSize - body.size() - kRecordHeader - 28));
    put_number(body, std::uint32_t{0});
    put_number(body, std::uint64_t{20'000});
    put_number(body, std::uint32_t{100});
  }
  ASSERT_TRUE(add(**open_log(disk), {body}).ok());
  disk.content(kFirstSegment).back() ^= 1;
  EXPECT_THAT(bodies(**open_log(disk)), IsEmpty());
}

TEST(TopicLog, SaysThatTheDiskIsFullAndGoesOnWhenItIsNot) {
  TestDisk disk(1);
  Log log = *open_log(disk);
  EXPECT_TRUE(add(*log, {"a"}).ok());
  disk.set_room(10);
  const Status full = add(*log, {"b", "c"});
  EXPECT_EQ(full.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(full.message(), HasSubstr("no space left on device"));
  disk.set_room(UINT64_MAX);
  EXPECT_TRUE(add(*log, {"d"}).ok());
  EXPECT_THAT(bodies(*log), ElementsAre("a", "d"));
}

TEST(TopicLog, TakesNothingAfterAFailedSync) {
  TestDisk disk(1);
  Log log = *open_log(disk);
  disk.fail_sync();
  EXPECT_FALSE(add(*log, {"a"}).ok());
  EXPECT_THAT(add(*log, {"b"}).message(), HasSubstr("I/O error"));
  EXPECT_THAT(bodies(*log), IsEmpty());
}

TEST(TopicLog, TakesNothingWhereAFailedWriteCannotBeUndone) {
  TestDisk disk(1);
  Log log = *open_log(disk);
  disk.set_room(10);
  disk.fail_truncate();
  EXPECT_FALSE(add(*log, {"a"}).ok());
  disk.set_room(UINT64_MAX);
  EXPECT_THAT(add(*log, {"b"}).message(), HasSubstr("after a failed write"));
}

TEST(TopicLog, RemovesOldSegmentsBySizeAsFarAsTheyAreRead) {
  TestDisk disk(1);
  Log log = *open_log(disk, 100);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(add(*log, {"event"}).ok());
  const std::uint64_t before = log->bytes();
  EXPECT_EQ(*log->remove_old(0, 0, 0), 0U);
  EXPECT_GT(*log->remove_old(before / 2, 0, log->end()), 0U);
  EXPECT_LE(log->bytes(), before / 2);
  EXPECT_GT(log->first(), 0U);
  EXPECT_EQ(bodies(*log).size(), log->end() - log->first());
  EXPECT_EQ(bodies(**open_log(disk, 100)).size(), log->end() - log->first());
}

TEST(TopicLog, RemovesOldSegmentsByAge) {
  TestDisk disk(1);
  Log log = *open_log(disk, 100);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(add(*log, {"event"}, kNow + i).ok());
  EXPECT_EQ(*log->remove_old(UINT64_MAX, kNow, log->end()), 0U);
  EXPECT_GT(*log->remove_old(UINT64_MAX, kNow + 10, log->end()), 0U);
  EXPECT_GE(log->first(), 5U);
  EXPECT_LE(log->first(), 10U);
}

TEST(TopicLog, AReaderOfRemovedRecordsGoesOnWithTheFirst) {
  TestDisk disk(1);
  Log log = *open_log(disk, 100);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(add(*log, {"event"}).ok());
  TopicLog::Cursor cursor(0);
  EXPECT_EQ(log->read(cursor, 1)->size(), 1U);
  EXPECT_GT(*log->remove_old(0, 0, log->end()), 0U);
  EXPECT_EQ(log->read(cursor, 1)->front().offset, log->first());
}

TEST(TopicLog, FindsTheFirstRecordOfATime) {
  TestDisk disk(1);
  Log log = *open_log(disk, 100);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(add(*log, {"event"}, kNow + 10 * i).ok());
  EXPECT_EQ(*log->offset_at(0), 0U);
  EXPECT_EQ(*log->offset_at(kNow + 70), 7U);
  EXPECT_EQ(*log->offset_at(kNow + 71), 8U);
  EXPECT_EQ(*log->offset_at(kNow + 1000), 20U);
}

/// Appends batches until the power fails; gives how many records were acknowledged.
std::uint64_t append_until_stopped(TestDisk& disk, std::vector<std::string>& attempted,
                                   int batches) {
  std::uint64_t safe = 0;
  const Result<Log> log = open_log(disk, 1500);
  if (!log.ok()) return 0;
  safe = (*log)->end();
  attempted.resize(safe);
  for (int i = 0; i < batches; ++i) {
    std::vector<std::string> batch;
    for (int k = 0; k <= i % 4; ++k) {
      batch.push_back("event " + std::to_string(attempted.size()) + "/" + std::to_string(i) +
                      std::string(static_cast<std::size_t>(i * 37 % 700), '.'));
      attempted.push_back(batch.back());
    }
    if (!(*log)->append(batch, kNow).ok()) break;
    if (i % 3 == 1) continue;  // several batches share a sync
    if (!(*log)->sync().ok()) break;
    safe = attempted.size();
    if (i % 8 == 7 && !(*log)->remove_old(4000, 0, (*log)->end()).ok()) break;
  }
  return safe;
}

/// Nothing acknowledged is lost, nothing is made up, and there is no hole.
void check_recovered(TestDisk& disk, std::vector<std::string>& attempted, std::uint64_t safe) {
  const Result<Log> log = open_log(disk, 1500);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_GE((*log)->end(), safe);
  ASSERT_LE((*log)->end(), attempted.size());
  const std::vector<std::string> there = bodies(**log);
  ASSERT_EQ(there.size(), (*log)->end() - (*log)->first());
  for (std::size_t i = 0; i < there.size(); ++i) {
    ASSERT_EQ(there[i], attempted[(*log)->first() + i]);
  }
}

TEST(TopicLog, LosesNothingSafeAtAnyLossOfPower) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    bool reached_end = false;
    for (std::uint64_t stop = 1; !reached_end; ++stop) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", stop " + std::to_string(stop));
      TestDisk disk(seed * 1000 + stop);
      std::vector<std::string> attempted;
      disk.stop_at(stop);
      const std::uint64_t safe = append_until_stopped(disk, attempted, 40);
      reached_end = !disk.is_stopped();
      disk.restart();
      check_recovered(disk, attempted, safe);
      if (HasFatalFailure()) return;
    }
  }
}

/// The power fails again and again, also while the log recovers.
TEST(TopicLog, LosesNothingSafeAtManyLossesOfPower) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TestDisk disk(seed);
    Rng rng(seed);
    std::vector<std::string> attempted;
    std::uint64_t safe = 0;
    for (int round = 0; round < 8; ++round) {
      disk.stop_at(1 + rng.below(30));
      safe = std::max(safe, append_until_stopped(disk, attempted, 20));
      disk.restart();
      if (rng.below(3) == 0) {
        disk.stop_at(1 + rng.below(3));
        static_cast<void>(open_log(disk, 1500));
        disk.restart();
      }
      check_recovered(disk, attempted, safe);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(TopicLog, MakesSafeWhatAProcessLeftThatDied) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    TestDisk disk(seed);
    EXPECT_TRUE((*open_log(disk))->append(std::vector<std::string>{"a"}, kNow).ok());
    EXPECT_THAT(bodies(**open_log(disk)), ElementsAre("a"));
    disk.restart();
    EXPECT_THAT(bodies(**open_log(disk)), ElementsAre("a"));
  }
}

TEST(SystemDisk, RefusesASecondLock) {
  const testing::Folder folder;
  const std::unique_ptr<Disk> disk = system_disk();
  Result<std::unique_ptr<Disk::Lock>> first = disk->lock(folder.file("lock"));
  ASSERT_TRUE(first.ok()) << first.status();
  const Status second = disk->lock(folder.file("lock")).status();
  EXPECT_EQ(second.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(second.message(), HasSubstr("has this log open already"));
  first->reset();
  EXPECT_TRUE(disk->lock(folder.file("lock")).ok());
}

TEST(SystemDisk, KeepsALogInRealFiles) {
  const testing::Folder folder;
  const std::unique_ptr<Disk> disk = system_disk();
  const std::string path = folder.file("deep/er/topic");
  EXPECT_TRUE(add(**open_log(*disk, 100, path), {"a", "b"}).ok());
  Log log = *open_log(*disk, 100, path);
  EXPECT_TRUE(add(*log, {"c"}).ok());
  EXPECT_THAT(bodies(*log), ElementsAre("a", "b", "c"));
}

TEST(SystemDisk, ErrorsNameThePathAndTheCause) {
  const std::unique_ptr<Disk> disk = system_disk();
  const Status missing = disk->open("/nowhere/file", Disk::Open::Existing).status();
  EXPECT_EQ(missing.code(), StatusCode::NotFound);
  EXPECT_THAT(missing.message(), HasSubstr("/nowhere/file: opening: No such file"));
  EXPECT_FALSE(disk->make_folder("/dev/null/x").ok());
}

}  // namespace
}  // namespace weft::messaging::stored
