#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weft/http2/frame/internal/frame_script.h"
#include "weft/http2/hpack/internal/text.h"
#include "weft/http2/session/session.h"

/// For tests: a session whose events are kept as lines of text.
namespace weft::http2::script {

/// "headers 1 initial :method=POST :path=/ end", "data 1 hello end", "drained 1", "closed 1 by
/// peer CANCEL unprocessed", "settings", "ping", "goaway 1 NO_ERROR", "error PROTOCOL_ERROR".
class Recorder : public SessionHandler {
 public:
  explicit Recorder(SessionOptions options) : session(options, *this) {}
  virtual ~Recorder() = default;

  /// Feeds bytes in one piece; the frames that they caused, and the events, taken.
  bool receive(std::string_view bytes) { return session.receive(Bytes::copy_of(bytes), now); }
  std::vector<std::string> frames() { return describe(take(session.output())); }
  std::vector<std::string> events() { return std::exchange(log, {}); }
  Stream& stream(std::uint32_t id) { return *streams.at(id); }

  void on_headers(Stream& stream, HeadersKind kind, HeaderFields fields, bool end) override {
    static constexpr std::string_view kKinds[] = {"initial", "informational", "trailers"};
    streams[stream.id()] = &stream;
    std::string line =
        internal::text("headers ", stream.id(), " ", kKinds[static_cast<std::size_t>(kind)]);
    for (const HeaderField& field : fields) {
      line += internal::text(" ", field.name, "=", field.value);
    }
    add(line, end);
    if (when_headers) when_headers(stream, end);
  }
  void on_headers_too_large(Stream& stream, HeadersKind, bool end) override {
    streams[stream.id()] = &stream;
    add(internal::text("too large ", stream.id()), end);
  }
  void on_data(Stream& stream, BytesView data, bool end) override {
    add(internal::text(
            "data ", stream.id(), " ",
            data.size() > 40 ? internal::text("(", data.size(), ")") : std::string(data.view())),
        end);
    if (when_data) when_data(stream, data.size(), end);
  }
  void on_drained(Stream& stream) override {
    add(internal::text("drained ", stream.id()), false);
    if (when_drained) when_drained(stream);
  }
  void on_stream_closed(Stream& stream, const StreamEnd& end) override {
    static constexpr std::string_view kBy[] = {"completion", "local", "peer", "connection"};
    std::string line =
        internal::text("closed ", stream.id(), " by ", kBy[static_cast<std::size_t>(end.by)]);
    if (end.code != ErrorCode::NoError) line += internal::text(" ", name_of(end.code));
    if (end.unprocessed) line += " unprocessed";
    add(line, false);
    detail = end.detail;
    if (when_closed) when_closed(stream);
    streams.erase(stream.id());
  }
  void on_settings() override { add("settings", false); }
  void on_ping_ack(std::uint64_t payload) override {
    add(internal::text("ping ack ", payload), false);
  }
  void on_ping() override { add("ping", false); }
  void on_goaway(std::uint32_t last, ErrorCode code, std::string_view debug) override {
    std::string line = internal::text("goaway ", last, " ", name_of(code));
    if (!debug.empty()) line += internal::text(" ", debug);
    add(line, false);
  }
  void on_connection_error(ErrorCode code, const Status& status) override {
    add(internal::text("error ", name_of(code)), false);
    error = status;
  }

  std::vector<std::string> log;
  std::map<std::uint32_t, Stream*> streams;
  Status error;
  std::string detail;
  TimePoint now{};
  std::function<void(Stream&, bool)> when_headers;
  std::function<void(Stream&, std::size_t, bool)> when_data;
  std::function<void(Stream&)> when_drained;
  std::function<void(Stream&)> when_closed;
  Session session;

 private:
  void add(std::string line, bool end) {
    if (end) line += " end";
    log.push_back(std::move(line));
  }
};

/// Options whose windows are the RFC's, so that scripts can count.
inline SessionOptions plain(Role role) {
  SessionOptions options;
  options.role = role;
  options.local.initial_window_size = kDefaultWindow;
  options.connection_window = kDefaultWindow;
  options.max_window = 0;
  return options;
}

/// Carries bytes both ways until neither side has any.
inline void exchange(Recorder& a, Recorder& b) {
  for (;;) {
    const std::string to_b = take(a.session.output());
    const std::string to_a = take(b.session.output());
    if (to_a.empty() && to_b.empty()) return;
    if (!to_b.empty()) b.receive(to_b);
    if (!to_a.empty()) a.receive(to_a);
  }
}

}  // namespace weft::http2::script
