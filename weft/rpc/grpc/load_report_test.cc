#include "weft/rpc/grpc/load_report.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace weft {
namespace {

using namespace std::string_literals;

// cpu_utilization 0.5, rps_fractional 100, eps 2, application_utilization 0.25, as protoc writes
// it.
const std::string kBytes =
    "\x09\x00\x00\x00\x00\x00\x00\xe0\x3f"
    "\x31\x00\x00\x00\x00\x00\x00\x59\x40"
    "\x39\x00\x00\x00\x00\x00\x00\x00\x40"
    "\x49\x00\x00\x00\x00\x00\x00\xd0\x3f"s;

TEST(LoadReport, IsReadFromOrcasMessage) {
  const auto report = read_load_report(kBytes);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->cpu_utilization, 0.5);
  EXPECT_EQ(report->rps_fractional, 100);
  EXPECT_EQ(report->eps, 2);
  EXPECT_EQ(report->application_utilization, 0.25);
}

TEST(LoadReport, IsWrittenAsOrcasMessage) {
  EXPECT_EQ(write_load_report({.cpu_utilization = 0.5,
                               .application_utilization = 0.25,
                               .rps_fractional = 100,
                               .eps = 2}),
            kBytes);
  EXPECT_EQ(write_load_report({}), "");
}

TEST(LoadReport, PassesOverWhatItDoesNotKnow) {
  // mem_utilization, the old integer rps, and utilization {"disk": 0.5}.
  const std::string others =
      "\x11\x00\x00\x00\x00\x00\x00\xe0\x3f"
      "\x18\x96\x01"
      "\x2a\x0f\x0a\x04"
      "disk"
      "\x11\x00\x00\x00\x00\x00\x00\xe0\x3f"s;
  const auto report = read_load_report(others + kBytes);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->rps_fractional, 100);
}

TEST(LoadReport, TakesNoValueThatIsNone) {
  for (const double value :
       {-1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    const auto report = read_load_report(write_load_report({.rps_fractional = value}));
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->rps_fractional, 0) << value;
  }
}

TEST(LoadReport, IsNotReadFromOtherBytes) {
  for (std::size_t size = 1; size < kBytes.size(); ++size) {
    EXPECT_EQ(read_load_report(kBytes.substr(0, size)).has_value(), size % 9 == 0) << size;
  }
  EXPECT_FALSE(read_load_report("\xff\xff\xff").has_value());
  EXPECT_TRUE(read_load_report("").has_value()) << "a server that says nothing of itself";
}

}  // namespace
}  // namespace weft
