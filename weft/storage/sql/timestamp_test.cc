#include "weft/storage/sql/timestamp.h"

#include <chrono>
#include <cstdint>
#include <random>

#include <gtest/gtest.h>

namespace weft::sql {
namespace {

using std::chrono::microseconds;

Timestamp at(std::int64_t count) { return Timestamp(microseconds(count)); }

TEST(Timestamp, IsWrittenWithSixDigits) {
  EXPECT_EQ(to_text(at(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_text(at(1'700'000'000'000'001)), "2023-11-14T22:13:20.000001Z");
  EXPECT_EQ(to_text(at(-1)), "1969-12-31T23:59:59.999999Z");
}

TEST(Timestamp, ReadsWhatDatabasesWrite) {
  EXPECT_EQ(timestamp_of("2023-11-14 22:13:20"), at(1'700'000'000'000'000));
  EXPECT_EQ(timestamp_of("2023-11-14 22:13"), at(1'699'999'980'000'000));
  EXPECT_EQ(timestamp_of("2023-11-14 22:13:20.5+00"), at(1'700'000'000'500'000));
  EXPECT_EQ(timestamp_of("2023-11-15T03:43:20.123456789+05:30"), at(1'700'000'000'123'456));
  EXPECT_EQ(timestamp_of("2023-11-14T14:13:20-08"), at(1'700'000'000'000'000));
}

TEST(Timestamp, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2023", "2023-02-29 00:00:00", "2023-13-01 00:00:00", "2023-11-14",
        "2023-11-14 24:00:00", "2023-11-14 22:60:00", "2023-11-14 22:13:20.",
        "2023-11-14 22:13:20.1234567890", "2023-11-14 22:13:20 ", "2023-11-14 22:13:20Zx",
        "2023-11-14 22:13:20+5", "0000-01-01 00:00:00+01", "2023-11-14x22:13:20", "infinity"}) {
    EXPECT_FALSE(timestamp_of(text)) << text;
  }
}

TEST(Timestamp, ComesBackFromItsText) {
  std::mt19937_64 random(7);
  const std::int64_t first = timestamp_of("0000-01-01 00:00:00")->time_since_epoch().count();
  const std::int64_t last = timestamp_of("9999-12-31 23:59:59.999999")->time_since_epoch().count();
  std::uniform_int_distribution<std::int64_t> any(first, last);
  for (int i = 0; i < 10'000; ++i) {
    const Timestamp time = at(any(random));
    ASSERT_EQ(timestamp_of(to_text(time)), time) << to_text(time);
  }
}

TEST(Timestamp, IsCutToTheYearsOfFourDigits) {
  EXPECT_EQ(to_text(Timestamp::max()), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_text(Timestamp::min()), "0000-01-01T00:00:00.000000Z");
}

}  // namespace
}  // namespace weft::sql
