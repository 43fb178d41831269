#include "tools/weft/bench/bench_flags.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <CLI/App.hpp>

#include "weft/edge/client/client_transport.h"

#include "tools/weft/duration_text.h"

namespace weft::cli::bench {
namespace {

constexpr std::size_t kMostConnections = 100'000;
constexpr std::size_t kMostStreams = 1'000'000;
constexpr std::size_t kMostThreads = 1024;
constexpr Duration kDefaultDuration = std::chrono::seconds(10);
constexpr Duration kShortestInterval = std::chrono::milliseconds(50);
constexpr double kMostPerSecond = 1e9;

[[noreturn]] void refuse(const std::string& flag, const std::string& text,
                         const std::string& expected) {
  throw CLI::ValidationError(flag + ": '" + text + "' is not " + expected);
}

/// A whole number from 1 to `most`; k, M and G may stand behind it.
std::uint64_t parse_count(const std::string& flag, const std::string& text, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  std::uint64_t factor = 1;
  if (rest + 1 == end) {
    if (*rest == 'k') factor = 1'000;
    if (*rest == 'M') factor = 1'000'000;
    if (*rest == 'G') factor = 1'000'000'000;
  }
  const bool known = rest == end || factor != 1;
  if (error != std::errc() || !known || number == 0 || number > most / factor) {
    refuse(flag, text,
           "a whole number from 1 to " + std::to_string(most) + " (k, M, G may follow)");
  }
  return number * factor;
}

/// "5000", "2.5k", with or without "/s".
double parse_rate(std::string text) {
  const std::string given = text;
  if (text.ends_with("/s")) text.resize(text.size() - 2);
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  double factor = 1;
  if (rest + 1 == end && (*rest == 'k' || *rest == 'M')) factor = *rest == 'k' ? 1e3 : 1e6;
  const bool known = rest == end || factor != 1;
  const double rate = number * factor;
  if (error != std::errc() || !known || !(rate >= 0.001) || rate > kMostPerSecond) {
    refuse("--rate", given, "calls per second from 0.001 to 1G, as in 500, 2.5k or 1M");
  }
  return rate;
}

Duration parse_time(const std::string& flag, const std::string& text) {
  const Result<Duration> time = parse_duration(text);
  if (!time.ok()) throw CLI::ValidationError(flag + ": " + std::string(time.status().message()));
  return *time;
}

template <class T>
void add_count(CLI::App& command, const std::string& name, T& into, std::uint64_t most,
               const std::string& description) {
  const std::string flag = name.substr(0, name.find(','));
  command
      .add_option_function<std::string>(
          name,
          [&into, flag, most](const std::string& text) {
            into = static_cast<T>(parse_count(flag, text, most));
          },
          description)
      ->type_name("N")
      ->group("Load");
}

void add_time(CLI::App& command, const std::string& name, Duration& into,
              const std::string& description) {
  const std::string flag = name.substr(0, name.find(','));
  command
      .add_option_function<std::string>(
          name, [&into, flag](const std::string& text) { into = parse_time(flag, text); },
          description)
      ->type_name("TIME")
      ->group("Load");
}

void add_arguments(CLI::App& command, BenchFlags& flags) {
  command
      .add_option_function<std::string>(
          "ADDRESS", [&flags](const std::string& text) { set_address(text, flags.connection); },
          "Where the server is: host:port, :port, dns:///, ipv4:, ipv6:, unix:")
      ->required();
  command
      .add_option_function<std::vector<std::string>>(
          "METHOD",
          [&flags](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              Result<MethodShare> share = parse_method_share(text);
              if (!share.ok()) throw CLI::ValidationError(std::string(share.status().message()));
              flags.methods.push_back(*std::move(share));
            }
          },
          "package.Service/Method; of several each may have a weight: package.Service/Method=3")
      ->required();
  command
      .add_option_function<std::vector<std::string>>(
          "-d,--data",
          [&flags](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              Result<DataFlag> data = read_data_flag(text);
              if (!data.ok()) throw CLI::ValidationError(std::string(data.status().message()));
              flags.data.push_back(*std::move(data));
            }
          },
          "Request as JSON, with variables such as {{n}}; @FILE reads it from a file, - from "
          "standard input. Several values, or flags, are used in turn. METHOD=JSON is for that "
          "method only (default: {})")
      ->type_name("JSON")
      ->allow_extra_args(false)
      ->group("Load");
}

}  // namespace

LoadPlan BenchFlags::plan() const {
  LoadPlan plan;
  plan.target = connection.target;
  plan.channel = connection.channel_options();
  // One channel stands for one connection.
  plan.channel.max_connections = 1;
  if (connection.protocol != CallProtocol::Grpc) {
    plan.channel.transport = edge::client_transport({.max_connections = 1});
  }
  plan.call = connection.call_options();
  if (connection.metadata.empty()) plan.call.metadata = nullptr;
  plan.connections = connections;
  plan.streams = streams;
  plan.calls = calls == 0 ? UINT64_MAX : calls;
  plan.duration = calls == 0 ? kDefaultDuration : kForever;
  if (duration.count() != 0) plan.duration = duration;
  plan.warmup = warmup;
  plan.rate = rate;
  plan.max_backlog = backlog;
  plan.message_streams = stream;
  plan.seed = seed;
  if (plan.duration != kForever) {
    plan.interval = std::max<Duration>(plan.duration / TimeLine::kMost * 2, kShortestInterval);
  }
  return plan;
}

void add_bench_flags(CLI::App& command, BenchFlags& flags) {
  add_arguments(command, flags);
  add_count(command, "-c,--connections", flags.connections, kMostConnections,
            "Connections (default: 1)");
  add_count(command, "-m,--streams", flags.streams, kMostStreams,
            "Calls under way on each connection, at most (default: 1)");
  add_count(command, "-n,--calls", flags.calls, UINT64_MAX / 2, "End after this many calls");
  add_time(command, "-z,--duration", flags.duration, "End after this time (default: 10s)");
  add_time(command, "--warmup", flags.warmup, "Time for which calls are made before any counts");
  command
      .add_option_function<std::string>(
          "--rate", [&flags](const std::string& text) { flags.rate = parse_rate(text); },
          "Open loop: calls due per second, whether or not earlier ones have ended. Latency counts "
          "from "
          "when a call is due")
      ->type_name("RATE")
      ->group("Load");
  add_count(command, "--backlog", flags.backlog, UINT64_MAX / 2,
            "With --rate: calls that may wait for a free stream; those beyond are dropped, and "
            "counted (default: 100k)");
  add_count(command, "--threads", flags.threads, kMostThreads,
            "Threads to make the calls, each with connections of its own (default: 1)");
  command
      .add_flag(
          "--stream", flags.stream,
          "Keep -c times -m streams open, and count the messages that go over them, not calls")
      ->group("Load");
  add_count(command, "--seed", flags.seed, UINT64_MAX / 2,
            "For the variables that are random (default: 1)");
  command
      .add_flag("--no-check", flags.no_check,
                "Do not make one call before the others to see whether it works")
      ->group("Load");
  command.add_option("--json", flags.json, "Write the figures to this file; - is standard output")
      ->type_name("FILE")
      ->group("Results");
  command
      .add_option("--html", flags.html,
                  "Write a page with charts of the latencies and of how the run went")
      ->type_name("FILE")
      ->group("Results");
  command.add_flag("-q,--quiet", flags.quiet, "Show no progress")->group("Results");
  add_connection_flags(command, flags.connection);
  add_protocol_flag(command, flags.connection);
  add_proto_flags(command, flags.protos);
  command.get_option("--header")
      ->description(
          "Metadata 'name: value' to send, with variables such as {{uuid}} in the value; may be "
          "repeated. The value of a name that ends in -bin is base64, without variables");
  command.get_option("--timeout")->description("Deadline of each call: 500ms, 2s (default: none)");
}

Status check_bench_flags(const BenchFlags& flags) {
  if (flags.threads > flags.connections) {
    return invalid_argument("--threads " + std::to_string(flags.threads) + " with -c " +
                            std::to_string(flags.connections) +
                            ": a connection belongs to one thread, so there must be at least as "
                            "many connections");
  }
  if (flags.connection.protocol != CallProtocol::Grpc && flags.streams > 1) {
    return invalid_argument("-m " + std::to_string(flags.streams) +
                            ": calls by connect and grpc-web go over HTTP/1.1, where each takes a "
                            "connection; -c says how many are under way");
  }
  if (flags.calls != 0 && flags.calls < flags.threads) {
    return invalid_argument("-n " + std::to_string(flags.calls) + " with --threads " +
                            std::to_string(flags.threads) + ": each thread makes a call at least");
  }
  if (flags.stream && flags.methods.size() > 1) {
    return invalid_argument("--stream measures one method; " +
                            std::to_string(flags.methods.size()) + " are given");
  }
  return {};
}

Status check_kinds(const BenchFlags& flags, const CallMix& mix) {
  if (!flags.stream) return {};
  const MixedMethod& method = mix[0];
  const std::string name = method.method.path.substr(1);
  if (method.descriptor.kind == MethodKind::Unary) {
    return invalid_argument("--stream: " + name +
                            " takes and gives no stream; without --stream "
                            "its calls are measured");
  }
  if (method.descriptor.kind == MethodKind::ServerStreaming && flags.rate > 0) {
    return invalid_argument("--rate: the messages of " + name +
                            " come when the server sends them; without --stream its calls can "
                            "have a rate");
  }
  return {};
}

}  // namespace weft::cli::bench
