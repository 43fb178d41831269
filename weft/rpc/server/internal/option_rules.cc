#include "weft/rpc/server/internal/option_rules.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/log/log_value.h"

namespace weft::rpc {
namespace {

// RFC 9113 section 6.5.2: a larger window is a FLOW_CONTROL_ERROR of the peer's.
constexpr std::uint32_t kLargestWindow = 0x7fffffff;
// Half of it is to be more than the shortest round that Admission looks at.
constexpr Duration kLeastQueueDelay = std::chrono::milliseconds(4);

/// The first option that cannot be followed.
class Rules {
 public:
  explicit Rules(std::string_view of) noexcept : of_(of) {}

  void positive(std::string_view option, Duration value) {
    if (value <= Duration::zero()) refuse(option, to_string(value), "must be more than 0");
  }
  void not_negative(std::string_view option, Duration value) {
    if (value < Duration::zero()) refuse(option, to_string(value), "must not be negative");
  }
  void at_least(std::string_view option, Duration value, Duration least) {
    if (value < least) refuse(option, to_string(value), "must be at least " + to_string(least));
  }
  void some(std::string_view option, std::uint64_t value) {
    if (value == 0) refuse(option, "0", "must be at least 1");
  }
  void window(std::string_view option, std::uint32_t value) {
    if (value == 0) refuse(option, "0", "must be at least 1 byte, or nothing could be sent");
    window_limit(option, value);
  }
  void window_limit(std::string_view option, std::uint32_t value) {
    if (value > kLargestWindow) {
      refuse(option, std::to_string(value), "must be at most 2147483647 bytes, HTTP/2's limit");
    }
  }
  /// Of a header. Printable ASCII is what HTTP asks of senders (RFC 9110 section 5.5).
  void header_value(std::string_view option, std::string_view value, bool spaces) {
    for (const char& c : value) {
      if (c > ' ' && c <= '~') continue;
      if (spaces && c == ' ' && &c != value.data()) continue;
      return refuse(option, log_value(value),
                    spaces ? "must be printable ASCII, as a header's value is"
                           : "must be printable ASCII without spaces, as an authority is");
    }
  }
  void refuse(std::string_view option, const std::string& value, const std::string& rule) {
    if (!status_.ok()) return;
    status_ = invalid_argument(
        std::string(of_).append("::").append(option).append(": ").append(value + ": " + rule));
  }
  /// weft's own is not for a table of others, but may be chosen.
  void codec(std::string_view option, const Codec* codec) {
    if (codec == nullptr || codec == &protobuf_codec()) return;
    const Status valid = codec::check_name(codec->name());
    if (!valid.ok() && status_.ok()) {
      status_ = valid.with_prefix(std::string(of_).append("::").append(option));
    }
  }
  Status take() { return std::move(status_); }

 private:
  std::string_view of_;
  Status status_;
};

void check_times(const ServerOptions& options, Rules& rules) {
  rules.positive("handler_bound", options.handler_bound);
  rules.not_negative("poll_spin", options.poll_spin);
  rules.at_least("max_queue_delay", options.max_queue_delay, kLeastQueueDelay);
  rules.positive("keepalive_time", options.keepalive_time);
  rules.positive("keepalive_timeout", options.keepalive_timeout);
  rules.not_negative("min_ping_interval", options.min_ping_interval);
  rules.positive("max_connection_age", options.max_connection_age);
  rules.not_negative("max_connection_age_grace", options.max_connection_age_grace);
  rules.positive("max_connection_idle", options.max_connection_idle);
  rules.positive("handshake_timeout", options.handshake_timeout);
  rules.positive("header_timeout", options.header_timeout);
  rules.positive("stall_timeout", options.stall_timeout);
}

void check_sizes(const ServerOptions& options, Rules& rules) {
  rules.some("max_receive_size", options.max_receive_size);
  rules.some("max_send_size", options.max_send_size);
  rules.some("max_metadata_size", options.max_metadata_size);
  rules.some("max_calls_per_connection", options.max_calls_per_connection);
  rules.some("max_calls", options.max_calls);
  rules.some("max_connections", options.max_connections);
  rules.some("max_connections_per_peer", options.max_connections_per_peer);
  rules.window("stream_window", options.stream_window);
  rules.window("connection_window", options.connection_window);
  rules.window_limit("max_window", options.max_window);
}

}  // namespace

Status validate(const ServerOptions& options) {
  Rules rules("ServerOptions");
  check_times(options, rules);
  check_sizes(options, rules);
  return rules.take();
}

Status validate(const ChannelOptions& options) {
  Rules rules("ChannelOptions");
  rules.header_value("authority", options.authority, false);
  rules.header_value("user_agent", options.user_agent, true);
  if (options.tls) rules.header_value("tls.server_name", options.tls->server_name, false);
  rules.codec("codec", options.codec.get());
  rules.positive("default_timeout", options.default_timeout);
  rules.positive("initial_backoff", options.initial_backoff);
  rules.positive("max_backoff", options.max_backoff);  // below the first it bounds that, too
  rules.positive("connect_timeout", options.connect_timeout);
  rules.positive("keepalive_time", options.keepalive_time);
  rules.positive("keepalive_timeout", options.keepalive_timeout);
  rules.positive("idle_timeout", options.idle_timeout);
  rules.some("max_receive_size", options.max_receive_size);
  rules.some("max_send_size", options.max_send_size);
  rules.some("max_metadata_size", options.max_metadata_size);
  rules.some("max_connections", options.max_connections);
  rules.window("stream_window", options.stream_window);
  rules.window("connection_window", options.connection_window);
  rules.window_limit("max_window", options.max_window);
  return rules.take();
}

}  // namespace weft::rpc
