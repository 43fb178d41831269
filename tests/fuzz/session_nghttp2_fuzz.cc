// A Session joined with nghttp2 by a wire that cuts anywhere, as server and as client. Both do only
// what the RFC allows, so nothing may be refused, every byte arrives, and every stream closes.

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include <sys/uio.h>

#include "weft/http2/session.h"

#include "tests/fuzz/input.h"
#include "tests/fuzz/nghttp2_peer.h"

namespace weft::fuzz {
namespace {

using http2::HeaderField;
using http2::HeadersKind;
using http2::Role;
using http2::StreamEnd;
using http2::Token;

const HeaderField kRequest[] = {{":method", "POST", Token::Method},
                                {":scheme", "http", Token::Scheme},
                                {":path", "/s/M", Token::Path},
                                {":authority", "h", Token::Authority},
                                {"x-request", "a value that repeats"}};
const HeaderField kResponse[] = {{":status", "200", Token::Status}};
const HeaderField kTrailers[] = {{"grpc-status", "0", Token::GrpcStatus}};

http2::SessionOptions options_from(Role role, Input& input) {
  static constexpr std::uint32_t kWindows[] = {1, 1000, 65535, 100000, 1 << 20};
  http2::SessionOptions options;
  options.role = role;
  options.local.initial_window_size = input.one_of(kWindows);
  options.connection_window = input.one_of(kWindows);
  options.max_window = input.one_of(kWindows);
  options.local.header_table_size = input.flip() ? 4096 : input.u8() * 32;
  options.local.max_frame_size = input.flip() ? 16384 : 100000;
  return options;
}

class Joined final : private http2::SessionHandler {
 public:
  Joined(Role role, Input input)
      : input_(input),
        is_client_(role == Role::Client),
        peer_(input_, !is_client_),
        session_(options_from(role, input_), *this) {}

  void run() {
    while (!input_.empty()) {
      switch (input_.below(4)) {
        case 0:
          peer_.act();
          break;
        case 1:
          act();
          break;
        default:
          carry(1 + input_.u16());
      }
    }
    settle();
    check();
  }

 private:
  struct Record {
    http2::Stream* stream = nullptr;
    bool answered = false;
    std::size_t unconsumed = 0;
  };

  void act() {
    if (is_client_ && open_.size() < 20 && input_.below(4) == 0) return open();
    if (open_.empty()) return;
    auto it = open_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(input_.u8() % open_.size()));
    Record& record = it->second;
    switch (input_.below(8)) {
      case 0:
        return answer(record);
      case 1:
        return end(record);
      case 2:
        if (!input_.rarely(8)) return;
        counts_[record.stream->id()].reset = true;
        return session_.reset(*record.stream, http2::ErrorCode::Cancel);
      case 3:
        return consume(record, input_.u16());
      case 4:
        return session_.ping(input_.u8());
      default:
        return send(record);
    }
  }
  void open() {
    if (!session_.can_open()) return;
    http2::Stream& stream = session_.open_stream(kRequest, false, nullptr);
    open_[stream.id()] = {.stream = &stream, .answered = true, .unconsumed = 0};
    counts_[stream.id()] = {};
  }
  void answer(Record& record) {
    if (std::exchange(record.answered, true)) return;
    session_.send_headers(*record.stream, kResponse, false);
  }
  void send(Record& record) {
    static constexpr std::size_t kSizes[] = {0, 1, 100, 3000, 16384, 70000};
    http2::Stream& stream = *record.stream;
    if (!record.answered || stream.local_ended() || stream.queued() > 300000) return;
    StreamCount& count = counts_[stream.id()];
    std::string bytes(input_.one_of(kSizes), '\0');
    for (char& c : bytes) c = expected_byte(stream.id(), is_client_, count.sent++);
    count.ended = input_.rarely(8);
    std::uint8_t* room = input_.flip() ? session_.reserve_data(stream, bytes.size()) : nullptr;
    if (room == nullptr) return session_.queue_data(stream, Bytes::copy_of(bytes), count.ended);
    std::copy(bytes.begin(), bytes.end(), room);
    session_.commit_data(stream, bytes.size(), count.ended);
  }
  void end(Record& record) {
    answer(record);
    if (record.stream->local_ended()) return;
    counts_[record.stream->id()].ended = true;
    session_.send_headers(*record.stream, kTrailers, true);
  }
  void consume(Record& record, std::size_t most) {
    const std::size_t n = std::min(most, record.unconsumed);
    record.unconsumed -= n;
    session_.consumed(*record.stream, n);
  }

  /// Moves at most `n` bytes each way; false when there was nothing to move.
  bool carry(std::size_t n) {
    std::array<iovec, 8> slices{};
    while (!session_.output().empty()) {
      std::size_t taken = 0;
      for (std::size_t i = 0, count = session_.output().gather(slices); i < count; ++i) {
        to_peer_.append(static_cast<const char*>(slices[i].iov_base), slices[i].iov_len);
        taken += slices[i].iov_len;
      }
      session_.output().consume(taken);
    }
    to_session_ += peer_.take_output();
    if (to_peer_.empty() && to_session_.empty()) return false;
    const std::string up = to_peer_.substr(0, n);
    to_peer_.erase(0, up.size());
    peer_.receive(up);
    const std::string down = to_session_.substr(0, n);
    to_session_.erase(0, down.size());
    now_ += std::chrono::microseconds(50);
    if (!down.empty()) require(session_.receive(Bytes::copy_of(down), now_), "all goes well");
    return true;
  }

  /// Both ends finish what they have, and give each other all the credit there is.
  void settle() {
    for (int round = 0; round < 400 && !finished(); ++round) {
      peer_.finish();
      carry(~std::size_t{0});
      for (const auto& [id, record] : std::map(open_)) {
        if (open_.contains(id)) end(open_.at(id));
        if (open_.contains(id)) consume(open_.at(id), ~std::size_t{0});
      }
      carry(~std::size_t{0});
    }
    while (carry(~std::size_t{0})) {
    }
  }
  bool finished() const {
    const auto is_closed = [](const auto& entry) { return entry.second.closed; };
    return open_.empty() && to_peer_.empty() && to_session_.empty() &&
           std::all_of(peer_.streams().begin(), peer_.streams().end(), is_closed);
  }

  void check() {
    require(open_.empty() && session_.open_streams() == 0, "every stream closes");
    require(peer_.pings_unanswered() == 0, "every PING is answered");
    for (const auto& [id, theirs] : peer_.streams()) {
      require(theirs.closed, "every stream closes at nghttp2's end");
      const StreamCount& ours = counts_[id];
      if (ours.reset || theirs.reset) continue;
      require(ours.closed && ours.end_seen && theirs.end_seen, "both ends see END_STREAM");
      require(ours.received == theirs.sent && theirs.received == ours.sent, "every byte arrives");
    }
  }

  // SessionHandler
  void on_headers(http2::Stream& stream, HeadersKind kind, http2::HeaderFields fields,
                  bool end_stream) override {
    require(fields.size() >= 1, "a section has fields");
    if (!is_client_ && kind == HeadersKind::Initial) {
      open_[stream.id()] = {.stream = &stream, .answered = false, .unconsumed = 0};
    }
    if (end_stream) counts_[stream.id()].end_seen = true;
  }
  void on_headers_too_large(http2::Stream&, HeadersKind, bool) override {
    require(false, "no list is too large");
  }
  void on_data(http2::Stream& stream, weft::BytesView data, bool end_stream) override {
    StreamCount& count = counts_[stream.id()];
    for (const char c : data.view()) {
      require(c == expected_byte(stream.id(), !is_client_, count.received++),
              "we get the bytes that nghttp2 was given");
    }
    if (end_stream) count.end_seen = true;
    open_.at(stream.id()).unconsumed += data.size();
  }
  void on_drained(http2::Stream&) override {}
  void on_stream_closed(http2::Stream& stream, const StreamEnd& end) override {
    require(end.detail.empty(), "nghttp2 breaks no rule");
    StreamCount& count = counts_[stream.id()];
    require(!std::exchange(count.closed, true), "a stream closes once");
    if (end.by != StreamEnd::By::Completion) count.reset = true;
    open_.erase(stream.id());
  }
  void on_settings() override {}
  void on_ping_ack(std::uint64_t) override {}
  void on_ping() override {}
  void on_goaway(std::uint32_t, http2::ErrorCode, std::string_view) override {}
  void on_connection_error(http2::ErrorCode, const Status& status) override {
    std::fprintf(stderr, "%s\n", status.to_string().c_str());
    require(false, "nothing that nghttp2 sends is an error");
  }

  Input input_;
  bool is_client_;
  std::map<std::uint32_t, Record> open_;
  std::map<std::uint32_t, StreamCount> counts_;
  std::string to_peer_;
  std::string to_session_;
  TimePoint now_{};
  Nghttp2Peer peer_;
  http2::Session session_;
};

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::fuzz;
  Input input(data, size);
  const auto role = input.flip() ? weft::http2::Role::Client : weft::http2::Role::Server;
  Joined(role, input).run();
  return 0;
}
