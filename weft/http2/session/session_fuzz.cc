// Bytes from anywhere, cut anywhere, with an owner who does anything from its callbacks. No input
// may make a session read or write out of bounds, keep a stream twice or for ever, or give up
// without saying so.
//
// Input: a byte for role and limits, a byte for the owner's mood, then pieces of the wire, each
// after a byte of length.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include "weft/http2/session/session.h"

namespace {

using namespace weft;
using namespace weft::http2;

void require(bool holds) {
  if (!holds) std::abort();
}

const HeaderField kRequest[] = {{":method", "POST", Token::Method},
                                {":scheme", "http", Token::Scheme},
                                {":path", "/s/M", Token::Path}};
const HeaderField kResponse[] = {{":status", "200", Token::Status}};
const HeaderField kTrailers[] = {{"grpc-status", "0", Token::GrpcStatus}};

SessionOptions options_from(std::uint8_t limits) {
  SessionOptions options;
  options.role = (limits & 1) != 0 ? Role::Client : Role::Server;
  options.local.initial_window_size = (limits & 2) != 0 ? 100 : 100000;
  options.local.max_concurrent_streams = (limits & 4) != 0 ? 2 : 100;
  options.local.max_header_list_size = (limits & 8) != 0 ? 200 : 16384;
  options.max_window = (limits & 16) != 0 ? 0 : 1 << 20;
  return options;
}

class Owner final : public SessionHandler {
 public:
  Owner(std::uint8_t limits, std::uint8_t mood)
      : session(options_from(limits), *this), mood_(mood) {}

  void on_headers(Stream& stream, HeadersKind kind, HeaderFields fields, bool) override {
    require(!fields.empty() || kind == HeadersKind::Trailers);
    open_.insert(stream.id());
    act(stream);
  }
  void on_headers_too_large(Stream& stream, HeadersKind, bool) override {
    open_.insert(stream.id());
    act(stream);
  }
  void on_data(Stream& stream, BytesView data, bool) override {
    require(open_.contains(stream.id()));
    session.consumed(stream, data.size());
    act(stream);
  }
  void on_drained(Stream& stream) override { require(stream.queued() == 0); }
  void on_stream_closed(Stream& stream, const StreamEnd&) override {
    require(stream.queued() == 0);
    open_.erase(stream.id());
  }
  void on_settings() override {}
  void on_ping_ack(std::uint64_t) override {}
  void on_ping() override {}
  void on_goaway(std::uint32_t, ErrorCode, std::string_view) override {}
  void on_connection_error(ErrorCode, const Status& status) override {
    require(!status.ok() && session.broken() && open_.empty());
  }
  void open() {
    if (session.can_open()) open_.insert(session.open_stream(kRequest, false, nullptr).id());
  }
  std::size_t open_streams() const { return open_.size(); }

 private:
  /// One of the things an owner may do, chosen by its mood.
  void act(Stream& stream) {
    mood_ = static_cast<std::uint8_t>(mood_ * 5 + 1);
    switch (mood_ >> 5) {
      case 0:
        return session.reset(stream, ErrorCode::Cancel);
      case 1:
        return session.send_headers(stream, kTrailers, true);
      case 2:
        session.send_headers(stream, kResponse, false);
        return session.queue_data(stream, Bytes::of_static(kPayload), (mood_ & 1) != 0);
      case 3:
        if (session.reserve_data(stream, 10) != nullptr) session.commit_data(stream, 0, true);
        return;
      case 4:
        if (mood_ % 8 == 0) session.begin_drain();
        if (mood_ % 16 == 0) session.finish_drain();
        return;
      case 5:
        if (mood_ % 8 == 0) session.abort(ErrorCode::NoError, "enough");
        return;
      default:
        return;
    }
  }

  static constexpr std::string_view kPayload =
      "a payload of some length that is sent again and again, as far as the windows allow it";
  std::set<std::uint32_t> open_;

 public:
  Session session;

 private:
  std::uint8_t mood_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Owner owner(data[0], data[1]);
  // A server would hardly ever see the preface by chance.
  TimePoint now{};
  if ((data[0] & 0x21) == 0) owner.session.receive(Bytes::of_static(kClientPreface), now);
  for (int i = data[0] >> 6; i != 0; --i) owner.open();
  for (std::size_t at = 2; at < size;) {
    const std::size_t n = std::min<std::size_t>(data[at], size - at - 1);
    const std::string_view piece(reinterpret_cast<const char*>(data + at + 1), n);
    now += std::chrono::microseconds(100);
    if (!owner.session.receive(Bytes::copy_of(piece), now)) break;
    at += n + 1;
  }
  owner.session.transport_closed();
  require(owner.open_streams() == 0 && owner.session.open_streams() == 0);
  return 0;
}
