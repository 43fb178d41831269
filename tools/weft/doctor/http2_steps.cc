#include <algorithm>
#include <array>
#include <utility>

#include "weft/net/tls/tls_info.h"

#include "tools/weft/call/call_trace.h"
#include "tools/weft/doctor/certificate_text.h"
#include "tools/weft/doctor/examination.h"

namespace weft::cli {
namespace {

// Servers that count pings (gRFC A8) take three on a connection without calls, and end it at the
// fourth.
constexpr int kPings = 3;

struct Setting {
  const char* name;
  std::uint32_t value;
  std::uint32_t otherwise;  ///< the RFC's default
  std::uint32_t unlimited;  ///< the value that means it; 0: none does
};

std::array<Setting, 5> settings_of(const http2::Settings& settings) {
  const http2::Settings defaults;
  return {{{"HEADER_TABLE_SIZE", settings.header_table_size, defaults.header_table_size, 0},
           {"MAX_CONCURRENT_STREAMS", settings.max_concurrent_streams,
            defaults.max_concurrent_streams, defaults.max_concurrent_streams},
           {"INITIAL_WINDOW_SIZE", settings.initial_window_size, defaults.initial_window_size, 0},
           {"MAX_FRAME_SIZE", settings.max_frame_size, defaults.max_frame_size, 0},
           {"MAX_HEADER_LIST_SIZE", settings.max_header_list_size, defaults.max_header_list_size,
            defaults.max_header_list_size}}};
}

Finding describe(const http2::Settings& settings) {
  Finding finding;
  finding.step = Step::Http2;
  finding.text = "the server's SETTINGS came";
  JsonMembers json;
  for (const Setting& setting : settings_of(settings)) {
    const bool unlimited = setting.unlimited != 0 && setting.value == setting.unlimited;
    std::string line = setting.name;
    line.resize(24, ' ');
    line += unlimited ? "unlimited" : std::to_string(setting.value);
    if (!unlimited && setting.value == setting.otherwise) line += " (default)";
    finding.details.push_back(std::move(line));
    if (unlimited) {
      json.add_json(setting.name, "null");
    } else {
      json.add(setting.name, std::int64_t{setting.value});
    }
  }
  finding.json.add_json("settings", json.object());
  if (settings.max_concurrent_streams == 0) {
    finding.outcome = Outcome::Warning;
    finding.advice.emplace_back("server: it allows no calls now (MAX_CONCURRENT_STREAMS 0)");
  }
  return finding;
}

/// How it begins, where it is text: what somebody who knows the program may recognise.
std::string excerpt(std::string_view bytes) {
  std::string out;
  for (const char c : bytes.substr(0, 40)) out += c >= 0x20 && c < 0x7f ? c : '.';
  return out;
}

struct Diagnosis {
  std::string text;
  std::vector<std::string> advice;
};

Diagnosis tls_expected() {
  return {.text = "the server speaks TLS on this port",
          .advice = {"client: add --tls (ChannelOptions::tls), and --cacert FILE where its CA is "
                     "not one of this machine's; or",
                     "server: TlsServerOptions::allow_plaintext"}};
}

Diagnosis diagnose(const Status& status, const Http2Probe& probe, bool tls_answers,
                   Duration limit) {
  const Spoken what = spoken(probe.first_bytes());
  if (what == Spoken::Tls || tls_answers) return tls_expected();
  if (what == Spoken::Http1) {
    return {.text = "the server speaks HTTP/1.1, which is not gRPC",
            .advice = {"use the port that the server has for gRPC",
                       "behind a proxy: it has to pass HTTP/2 on (nginx: grpc_pass; Envoy: "
                       "http2_protocol_options)"}};
  }
  if (what == Spoken::Other) {
    return {.text = "the server does not speak HTTP/2: it began with '" +
                    excerpt(probe.first_bytes()) + "'",
            .advice = {"use the port that the server has for gRPC"}};
  }
  if (status.code() == StatusCode::DeadlineExceeded) {
    return {.text = "the connection was taken, but no word came within " + weft::to_string(limit),
            .advice = {"the server hangs or waits for something else: look at its log and its load",
                       "a proxy or a container's port may take connections while nothing is "
                       "behind it"}};
  }
  return {.text = std::string(status.message()),
          .advice = {"the server, or a proxy before it, does not want this connection: its log "
                     "says why; limits such as ServerOptions::max_connections do this too"}};
}

/// With TLS 1.3 the server looks at the client's certificate after the client's handshake is over,
/// so its refusal arrives here.
bool refuses_client(const Status& status, const Examination& examination) {
  return examination.probe->stream().tls() != nullptr &&
         status.message().find("certificate") != std::string_view::npos;
}

Finding refused_client(const Status& status, const Examination& examination) {
  Finding finding;
  finding.step = Step::Tls;
  finding.outcome = Outcome::Failed;
  finding.text = std::string(status.message());
  finding.advice = advice_on_client_certificate(!examination.flags.tls.certificate.empty());
  return finding;
}

Task<Finding> failed_greeting(Examination& examination, const Status& status) {
  if (refuses_client(status, examination)) co_return refused_client(status, examination);
  bool tls_answers = false;
  const Spoken what = spoken(examination.probe->first_bytes());
  const bool worth_a_try = what == Spoken::Nothing || what == Spoken::Http2;
  if (!examination.flags.tls.enabled() && worth_a_try) {
    tls_answers = co_await speaks_tls(examination);
  }
  Diagnosis diagnosis = diagnose(status, *examination.probe, tls_answers, examination.limit);
  Finding finding;
  finding.step = Step::Http2;
  finding.outcome = Outcome::Failed;
  finding.text = std::move(diagnosis.text);
  finding.advice = std::move(diagnosis.advice);
  co_return finding;
}

}  // namespace

Task<bool> examine_http2(Examination& examination) {
  net::Loop& loop = *net::Loop::current();
  const TimePoint begun = loop.now();
  examination.probe = std::make_unique<Http2Probe>(std::move(examination.stream));
  const Status greeted = co_await within(examination.limit, examination.probe->greet());
  if (!greeted.ok()) {
    Finding failed = co_await failed_greeting(examination, greeted);
    examination.add(failed);
    co_return false;
  }
  Finding finding = describe(examination.probe->settings());
  finding.time = loop.now() - begun;
  examination.add(finding);
  co_return true;
}

Task<> measure_latency(Examination& examination) {
  std::vector<Duration> times;
  Status failure;
  while (times.size() < kPings && failure.ok()) {
    const Result<Duration> time = co_await within(examination.limit, examination.probe->ping());
    if (time.ok()) {
      times.push_back(*time);
    } else {
      failure = time.status();
    }
  }
  Finding finding;
  finding.step = Step::Latency;
  if (times.empty()) {
    finding.outcome = Outcome::Failed;
    finding.text = "no answer to PING: " + std::string(failure.message());
    finding.advice = {"the server, or a proxy before it, stopped talking HTTP/2: its log says why"};
  } else {
    std::sort(times.begin(), times.end());
    const Duration median = times[times.size() / 2];
    finding.text = "PING: minimum " + short_duration(times.front()) + ", median " +
                   short_duration(median) + ", of " + std::to_string(times.size());
    finding.json.add_number("minimum_ms",
                            std::chrono::duration<double, std::milli>(times.front()).count());
    finding.json.add_number("median_ms", std::chrono::duration<double, std::milli>(median).count());
  }
  examination.add(finding);
}

}  // namespace weft::cli
