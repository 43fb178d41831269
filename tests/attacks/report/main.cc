// What attacks cost the other clients of a server: a table of the latencies that a well-behaved
// client sees beside each, and of the memory that the server takes.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <unistd.h>

#include "weft/rpc/blocking.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/internal/test_service.h"

#include "tests/attacks/report/assaults.h"
#include "tests/attacks/report/served.h"

namespace weft::attacks {
namespace {

using namespace std::chrono_literals;
using rpc::test::Text;
using rpc::test::text;
using std::chrono::steady_clock;

/// Makes a call about every millisecond and keeps how long each took.
class Bystander {
 public:
  explicit Bystander(std::uint16_t port)
      : channel_("127.0.0.1:" + std::to_string(port)), thread_([this] { make_calls(); }) {}
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;
  ~Bystander() { static_cast<void>(end()); }

  /// In milliseconds, in order of length; calls that failed are counted apart.
  std::vector<double> end() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    std::sort(took_.begin(), took_.end());
    return took_;
  }
  std::size_t failed() const noexcept { return failed_; }

 private:
  void make_calls() {
    while (!stop_) {
      const auto begun = steady_clock::now();
      const Result<Text> reply = rpc::call_unary_blocking<Text>(
          channel_, rpc::test::kMethods[0], text("still there?"), {.timeout = 30s});
      if (!reply.ok()) ++failed_;
      took_.push_back(
          std::chrono::duration<double, std::milli>(steady_clock::now() - begun).count());
      std::this_thread::sleep_for(1ms);
    }
  }

  Channel channel_;
  std::atomic<bool> stop_ = false;
  std::vector<double> took_;
  std::size_t failed_ = 0;
  std::thread thread_;
};

double quantile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * sorted.size()))];
}

double mebibytes(std::size_t bytes) { return static_cast<double>(bytes) / 1024 / 1024; }

/// For the thread of an attack, which gives way to the others: an attacker has a machine of its
/// own.
void attack(const Assault& assault, std::uint16_t port, std::chrono::duration<double> length) {
  static_cast<void>(::nice(19));  // this thread's alone, with Linux
  std::vector<std::unique_ptr<Attacker>> attackers;
  const auto end = steady_clock::now() + length;
  while (steady_clock::now() < end) {
    if (assault.round == nullptr) {
      std::this_thread::sleep_for(10ms);
    } else {
      assault.round(port, attackers);
    }
  }
}

void report(const Assault& assault, std::chrono::duration<double> length) {
  const Served served;
  {
    Bystander warm(served.port());
    std::this_thread::sleep_for(100ms);
  }
  const std::size_t idle = served.resident();
  served.reset_peak();
  Bystander bystander(served.port());
  std::thread([&] { attack(assault, served.port(), length); }).join();
  const std::vector<double> took = bystander.end();
  // What the attack has left in the buffers of sockets is read after its end.
  std::this_thread::sleep_for(2s);
  const std::size_t peak = served.peak();
  std::printf("| %-26.*s | %6zu | %4zu | %7.2f | %7.2f | %8.2f | %7.0f | %7.0f |\n",
              static_cast<int>(assault.name.size()), assault.name.data(), took.size(),
              bystander.failed(), quantile(took, 0.5), quantile(took, 0.99),
              took.empty() ? 0 : took.back(), mebibytes(peak - std::min(peak, idle)),
              mebibytes(served.resident() - std::min(served.resident(), idle)));
  std::fflush(stdout);
}

int run(int argc, char** argv) {
  double seconds = 3;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag.starts_with("--seconds=")) {
      seconds = std::stod(std::string(flag.substr(10)));
    } else if (flag.starts_with("--only=")) {
      only = flag.substr(7);
    } else {
      std::fprintf(stderr, "usage: weft_attack_report [--seconds=N] [--only=NAME]\n");
      return 2;
    }
  }
  std::puts(
      "| attack                     |  calls | lost | p50, ms | p99, ms | worst, ms | "
      "peak, MiB | after, MiB |\n|---|---|---|---|---|---|---|---|");
  for (const Assault& assault : assaults()) {
    if (only.empty() || only == assault.name) {
      report(assault, std::chrono::duration<double>(seconds));
    }
  }
  return 0;
}

}  // namespace
}  // namespace weft::attacks

int main(int argc, char** argv) { return weft::attacks::run(argc, argv); }
