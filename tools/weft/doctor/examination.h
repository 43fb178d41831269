#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/socket/address.h"
#include "weft/net/socket/stream.h"

#include "tools/weft/connection_flags.h"
#include "tools/weft/doctor/http2_probe.h"
#include "tools/weft/doctor/report.h"

namespace weft::cli {

/// What `weft doctor` was told, and what it has found so far.
struct Examination {
  Examination(const ConnectionFlags& told, Report& to, const Context& in) noexcept
      : flags(told), report(to), context(in) {}

  /// Reports it; but what follows from the user's Ctrl-C is no finding.
  void add(const Finding& finding) const {
    if (!context.is_cancelled()) report.add(finding);
  }

  const ConnectionFlags& flags;
  Report& report;
  const Context& context;
  /// Longest time of a step.
  Duration limit = std::chrono::seconds(5);

  std::string authority;  ///< `:authority` of the calls
  std::string name;       ///< whom the server is to be, by its certificate
  std::vector<net::Address> addresses;
  net::Address address;                 ///< the first that took a connection
  std::unique_ptr<net::Stream> stream;  ///< connected to it
  /// The certificate is good, or there is no TLS: what the user sends along may be sent.
  bool trusted = true;
  std::unique_ptr<Http2Probe> probe;
};

/// `task` within `limit`: DEADLINE_EXCEEDED when it takes longer.
template <class T>
Task<T> within(Duration limit, Task<T> task) {
  Context* parent = co_await current_context();
  Context context(parent);
  context.limit_deadline(after(net::Loop::current()->now(), limit));
  co_return co_await std::move(task).in(context);
}

// The steps: each reports what it finds, and says whether the next one can be tried.

/// From ADDRESS to addresses.
Task<bool> find_addresses(Examination& examination);
/// Connects to every address, and keeps the first connection.
Task<bool> connect_to_addresses(Examination& examination);
Task<bool> examine_tls(Examination& examination);
Task<bool> examine_http2(Examination& examination);
Task<> examine_health(Examination& examination);
Task<> examine_reflection(Examination& examination);
Task<> measure_latency(Examination& examination);

/// What a new connection to the address speaks; Nothing where it does not come to that.
Task<Spoken> spoken_in_plaintext(Examination& examination);
/// Whether a new connection to the address answers a TLS handshake, with whatever certificate.
Task<bool> speaks_tls(Examination& examination);

}  // namespace weft::cli
