// docs/reference/metrics.md is what the declarations say. WEFT_WRITE_REFERENCE=1 writes it.

#include "weft/telemetry/declared.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "weft/telemetry/metrics/bounds.h"

namespace weft::telemetry {
namespace {

constexpr std::string_view kPage = WEFT_SOURCE_DIR "/docs/reference/metrics.md";
constexpr std::string_view kBegin = "<!-- generated: weft_telemetry_test -->\n";
constexpr std::string_view kEnd = "<!-- end -->\n";

std::string in_prometheus(const Declaration& declaration) {
  const std::string name = prometheus_name(declaration);
  return declaration.kind == MetricKind::Counter ? name + "_total" : name;
}

std::string line_of(const Declared& metric) {
  const Declaration& declaration = metric.declaration;
  std::string line = "| `" + std::string(declaration.name) + "` | `" + in_prometheus(declaration) +
                     "` | " + std::string(name_of(declaration.kind)) + " | ";
  line.append(declaration.unit).append(" | ");
  for (std::size_t i = 0; i < declaration.labels.size(); ++i) {
    line.append(i == 0 ? "`" : ", `").append(declaration.labels[i]).append("`");
  }
  line.append(" | ").append(declaration.description);
  if (!metric.source.empty()) line.append(" (").append(metric.source).append(")");
  if (!metric.option.empty()) line.append(" With `").append(metric.option).append("`.");
  return line.append(" |\n");
}

std::string generated() {
  std::string text;
  for (const DeclaredGroup& group : declared_metrics()) {
    text.append("\n## ")
        .append(group.title)
        .append("\n\nFrom `")
        .append(group.from)
        .append("`.\n\n");
    text.append(
        "| metric | in Prometheus | type | unit | labels | is |\n|---|---|---|---|---|---|\n");
    for (const Declared& metric : group.metrics) text.append(line_of(metric));
  }
  return text.append("\n");
}

std::string read_page() {
  std::ifstream file{std::string(kPage)};
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(DeclaredMetrics, AreOnTheReferencePage) {
  const std::string page = read_page();
  const std::size_t begin = page.find(kBegin);
  const std::size_t end = page.find(kEnd);
  ASSERT_NE(begin, std::string::npos) << kPage;
  ASSERT_NE(end, std::string::npos) << kPage;
  const std::size_t from = begin + kBegin.size();
  if (std::getenv("WEFT_WRITE_REFERENCE") != nullptr) {
    std::ofstream(std::string(kPage)) << page.substr(0, from) + generated() + page.substr(end);
    return;
  }
  EXPECT_EQ(page.substr(from, end - from), generated())
      << "run the test once with WEFT_WRITE_REFERENCE=1";
}

TEST(DeclaredMetrics, AreValidAndUnlikeEachOther) {
  std::set<std::string> names;
  for (const DeclaredGroup& group : declared_metrics()) {
    for (const Declared& metric : group.metrics) {
      EXPECT_TRUE(validate(metric.declaration).ok()) << metric.declaration.name;
      EXPECT_TRUE(names.insert(in_prometheus(metric.declaration)).second)
          << metric.declaration.name;
      EXPECT_TRUE(metric.declaration.description.ends_with('.')) << metric.declaration.name;
    }
  }
}

TEST(DeclaredMetrics, HaveTheNamesOfTheStandardInPrometheus) {
  const auto& groups = declared_metrics();
  EXPECT_EQ(in_prometheus(groups[0].metrics[0].declaration), "grpc_server_call_started_total");
  EXPECT_EQ(in_prometheus(groups[0].metrics[1].declaration), "grpc_server_call_duration_seconds");
  EXPECT_EQ(in_prometheus(groups[0].metrics[2].declaration),
            "grpc_server_call_sent_total_compressed_message_size_bytes");
  EXPECT_EQ(in_prometheus(groups[5].metrics[0].declaration), "process_cpu_seconds_total");
}

}  // namespace
}  // namespace weft::telemetry
