#include "weft/telemetry/process/process_metrics.h"

#include <charconv>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "weft/base/log.h"
#include "weft/telemetry/internal/declare.h"
#include "weft/telemetry/process/internal/process_declared.h"

namespace weft::telemetry {
namespace {

/// /proc/self/stat (proc(5)): fields by their numbers there, from the third on; 0 where it cannot
/// be read. The second is a name that may have anything in it but ends at the last parenthesis.
class ProcStat {
 public:
  ProcStat() {
    std::ifstream file("/proc/self/stat");
    std::string text;
    std::getline(file, text, '\0');
    const std::size_t end = text.rfind(')');
    if (end != std::string::npos) rest_ = text.substr(end + 1);
  }
  double field(int number) const {
    std::string_view rest = rest_;
    for (int at = 3;; ++at) {
      while (rest.starts_with(' ')) rest.remove_prefix(1);
      const std::string_view one = rest.substr(0, rest.find(' '));
      if (one.empty()) return 0;
      if (at == number) return number_of(one);
      rest.remove_prefix(one.size());
    }
  }

 private:
  static double number_of(std::string_view text) noexcept {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return static_cast<double>(value);
  }
  std::string rest_;
};

double ticks() noexcept { return static_cast<double>(::sysconf(_SC_CLK_TCK)); }

double count_descriptors() {
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  int count = -3;  // ".", "..", and the one that reads
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

double descriptor_limit() noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

/// `btime` of /proc/stat: when the system began, in seconds since 1970.
double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("btime ")) continue;
    double value = 0;
    std::from_chars(line.data() + 6, line.data() + line.size(), value);
    return value;
  }
  return 0;
}

}  // namespace

class ProcessMetrics {
 public:
  explicit ProcessMetrics(Registry& registry) : registry_(registry) {
    using internal::kProcess;
    add(kProcess.cpu, [] {
      const ProcStat stat;
      return (stat.field(14) + stat.field(15)) / ticks();
    });
    add(kProcess.virtual_memory, [] { return ProcStat().field(23); });
    add(kProcess.resident,
        [] { return ProcStat().field(24) * static_cast<double>(::sysconf(_SC_PAGESIZE)); });
    add(kProcess.threads, [] { return ProcStat().field(20); });
    add(kProcess.start, [began = boot_time() + ProcStat().field(22) / ticks()] { return began; });
    add(kProcess.descriptors, &count_descriptors);
    add(kProcess.most_descriptors, &descriptor_limit);
    add(kProcess.lost_lines, [] { return static_cast<double>(log_lines_lost()); });
  }
  ProcessMetrics(const ProcessMetrics&) = delete;
  ProcessMetrics& operator=(const ProcessMetrics&) = delete;

 private:
  template <class Value>
  void add(const Declared& declared, Value value) {
    observations_.push_back(
        internal::declare(registry_, declared.declaration)
            .observe([value = std::move(value)](Readings& all) { all.add(value()); }));
  }

  Registry& registry_;
  std::vector<Observation> observations_;
};

std::shared_ptr<const ProcessMetrics> process_metrics(Registry* registry) {
  return std::make_shared<const ProcessMetrics>(registry == nullptr ? telemetry::registry()
                                                                    : *registry);
}

}  // namespace weft::telemetry
