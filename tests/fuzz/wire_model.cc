#include "tests/fuzz/wire_model.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "tests/fuzz/input.h"

namespace weft::fuzz {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::int64_t kMostWindow = 0x7fffffff;

constexpr std::uint32_t kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoaway = 7;
constexpr std::uint32_t kWindowUpdate = 8, kContinuation = 9;
constexpr std::uint32_t kEndStream = 1, kAck = 1, kEndHeaders = 4;

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = value << 8 | static_cast<std::uint8_t>(bytes.at(at + i));
  }
  return value;
}

/// With WEFT_FUZZ_TRACE in the environment every frame is printed: what to look at first when an
/// input fails.
void trace(const char* who, std::uint32_t type, std::uint32_t flags, std::uint32_t id,
           std::string_view payload) {
  static const bool wanted = std::getenv("WEFT_FUZZ_TRACE") != nullptr;
  if (!wanted) return;
  static constexpr const char* kNames[] = {
      "DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
      "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION"};
  std::fprintf(stderr, "%s %s flags=%x stream=%u length=%zu", who,
               type < std::size(kNames) ? kNames[type] : "UNKNOWN", flags, id, payload.size());
  for (const char byte : payload.substr(0, 40)) {
    std::fprintf(stderr, " %02x", static_cast<std::uint8_t>(byte));
  }
  std::fputc('\n', stderr);
}

}  // namespace

WireModel::WireModel(const http2::SessionOptions& options) : options_(options) {
  nghttp2_hd_inflate_new(&inflater_);
}

WireModel::~WireModel() { nghttp2_hd_inflate_del(inflater_); }

// ---- what the peer sends
// ---------------------------------------------------------------------------

void WireModel::peer_sends_greeting(std::string_view bytes) {
  if (!is_client()) {
    if (!bytes.starts_with(kPreface)) return peer_sends_rubbish();
    bytes.remove_prefix(kPreface.size());
  }
  peer_sends(bytes);
}

void WireModel::peer_sends(std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.size() < 9 || bytes.size() < 9 + number(bytes, 0, 3)) return peer_sends_rubbish();
    const Frame frame{.length = number(bytes, 0, 3),
                      .type = number(bytes, 3, 1),
                      .flags = number(bytes, 4, 1),
                      .id = number(bytes, 5, 4) & 0x7fffffff,
                      .payload = bytes.substr(9, number(bytes, 0, 3))};
    trace("peer   ", frame.type, frame.flags, frame.id, frame.payload);
    peer_sends_frame(frame);
    bytes.remove_prefix(9 + frame.length);
  }
}

void WireModel::peer_sends_frame(const Frame& frame) {
  switch (frame.type) {
    case kHeaders:
      highest_peer_id_ = std::max(highest_peer_id_, frame.id);
      break;
    case kData:
      streams_[frame.id].received += frame.length;
      received_ += frame.length;
      break;
    case kSettings:
      peer_settings(frame);
      break;
    case kReset:
      resets_.push_back(frame.id);
      break;
    case kPing:
      if ((frame.flags & kAck) == 0) unanswered_pings_.emplace_back(frame.payload);
      break;
    case kWindowUpdate:
      if (frame.length < 4) break;
      (frame.id == 0 ? increments_ : streams_[frame.id].increments) +=
          number(frame.payload, 0, 4) & 0x7fffffff;
      break;
    default:
      break;
  }
}

void WireModel::peer_settings(const Frame& frame) {
  if ((frame.flags & kAck) != 0) return;
  TableSizes sizes;
  for (std::size_t at = 0; at + 6 <= frame.payload.size(); at += 6) {
    const std::uint32_t value = number(frame.payload, at + 2, 4);
    switch (number(frame.payload, at, 2)) {
      case 1:
        sizes.push_back(value);
        break;
      case 4:
        window_ = value;
        loosest_window_ = std::max(loosest_window_, value);
        break;
      case 5:
        frame_ = value;
        loosest_frame_ = std::max(loosest_frame_, value);
        break;
      default:
        break;
    }
  }
  unanswered_settings_.push_back(std::move(sizes));
}

// ---- what the session writes
// -----------------------------------------------------------------------

void WireModel::session_wrote(std::string_view bytes) {
  output_ += bytes;
  if (is_client() && !preface_seen_) {
    if (output_.size() < kPreface.size()) return;
    require(output_.starts_with(kPreface), "a client begins with the preface");
    output_.erase(0, kPreface.size());
    preface_seen_ = true;
  }
  while (read_frame()) {
  }
}

bool WireModel::read_frame() {
  if (output_.size() < 9) return false;
  const std::size_t length = number(output_, 0, 3);
  require(length <= loosest_frame_, "no frame exceeds the peer's SETTINGS_MAX_FRAME_SIZE");
  if (output_.size() < 9 + length) return false;
  require((number(output_, 5, 4) & 0x80000000) == 0, "the reserved bit is 0");
  on_frame({.length = static_cast<std::uint32_t>(length),
            .type = number(output_, 3, 1),
            .flags = number(output_, 4, 1),
            .id = number(output_, 5, 4),
            .payload = std::string_view(output_).substr(9, length)});
  output_.erase(0, 9 + length);
  return true;
}

void WireModel::on_frame(const Frame& frame) {
  trace("session", frame.type, frame.flags, frame.id, frame.payload);
  require(settings_seen_ || (frame.type == kSettings && (frame.flags & kAck) == 0),
          "SETTINGS is the first frame");
  require(block_id_ == 0 || (frame.type == kContinuation && frame.id == block_id_),
          "nothing stands within a header block");
  require(!final_goaway_, "nothing follows the GOAWAY that ends a connection");
  switch (frame.type) {
    case kData:
      return on_data(frame);
    case kHeaders:
      return on_headers(frame);
    case kReset:
      return on_rst_stream(frame);
    case kSettings:
      return on_settings(frame);
    case kPing:
      return on_ping(frame);
    case kGoaway:
      return on_goaway(frame);
    case kWindowUpdate:
      return on_window_update(frame);
    case kContinuation:
      return on_continuation(frame);
    default:
      require(false, "the session writes no PRIORITY, PUSH_PROMISE or unknown frames");
  }
}

WireModel::Stream& WireModel::known(std::uint32_t id) {
  require(id % 2 == 1, "the session writes on streams that clients open");
  if (is_client()) require(id <= last_opened_, "a client writes on streams it has opened");
  if (!is_client() && in_step_) {
    require(id <= highest_peer_id_, "a server writes on streams the peer has opened");
  }
  return streams_[id];
}

void WireModel::on_headers(const Frame& frame) {
  require((frame.flags & ~(kEndStream | kEndHeaders)) == 0, "HEADERS have no other flags");
  if (is_client() && frame.id > last_opened_) {
    require(frame.id == (last_opened_ == 0 ? 1 : last_opened_ + 2), "streams are opened in order");
    last_opened_ = frame.id;
  }
  Stream& stream = known(frame.id);
  require(!stream.ended, "no HEADERS follow END_STREAM");
  require(!stream.reset && !stream.reset_by_peer, "no HEADERS follow RST_STREAM");
  stream.headers = true;
  stream.ended = (frame.flags & kEndStream) != 0;
  block_ = frame.payload;
  block_id_ = frame.id;
  if ((frame.flags & kEndHeaders) != 0) on_block(frame.id);
}

void WireModel::on_continuation(const Frame& frame) {
  require(block_id_ == frame.id, "CONTINUATION stands within a header block");
  block_ += frame.payload;
  if ((frame.flags & kEndHeaders) != 0) on_block(frame.id);
}

void WireModel::on_block(std::uint32_t id) {
  block_id_ = 0;
  // The rubbish may have had SETTINGS in it.
  if (!in_step_) return;
  const auto* at = reinterpret_cast<const std::uint8_t*>(block_.data());
  std::size_t left = block_.size();
  Fields fields;
  for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
    nghttp2_nv field;
    const auto used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
    require(used >= 0, "nghttp2 decodes the header block");
    at += used;
    left -= static_cast<std::size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
    fields.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen),
                        std::string(reinterpret_cast<char*>(field.value), field.valuelen));
  }
  require(left == 0 && !fields.empty(), "a header block has fields and nothing else");
  nghttp2_hd_inflate_end_headers(inflater_);
  if (reader_ != nullptr) reader_->on_section(id, fields, streams_[id].ended);
}

void WireModel::on_data(const Frame& frame) {
  require((frame.flags & ~kEndStream) == 0, "DATA has no other flags");
  Stream& stream = known(frame.id);
  require(stream.headers, "no DATA comes before HEADERS");
  require(!stream.ended, "no DATA follows END_STREAM");
  require(!stream.reset && !stream.reset_by_peer, "no DATA follows RST_STREAM");
  stream.data += frame.length;
  data_ += frame.length;
  stream.ended = (frame.flags & kEndStream) != 0;
  if (!in_step_) return;
  if (reader_ != nullptr) reader_->on_data(frame.id, frame.payload, stream.ended);
  if (frame.length == 0) return;
  require(static_cast<std::int64_t>(data_) <= 65535 + increments_,
          "DATA keeps to the connection's window");
  require(static_cast<std::int64_t>(stream.data) <= loosest_window_ + stream.increments,
          "DATA keeps to the stream's window");
}

void WireModel::on_rst_stream(const Frame& frame) {
  require(frame.length == 4 && frame.flags == 0, "RST_STREAM has 4 bytes");
  known(frame.id).reset = true;
}

void WireModel::on_settings(const Frame& frame) {
  require(frame.id == 0, "SETTINGS stand on stream 0");
  if ((frame.flags & kAck) != 0) {
    require(frame.length == 0, "an ACK of SETTINGS is empty");
    return on_settings_ack();
  }
  settings_seen_ = true;
  require(frame.length % 6 == 0, "SETTINGS have whole entries");
  for (std::size_t at = 0; at < frame.payload.size(); at += 6) {
    const std::uint32_t value = number(frame.payload, at + 2, 4);
    switch (number(frame.payload, at, 2)) {
      case 2:
        require(is_client() && value == 0, "only a client mentions ENABLE_PUSH, as 0");
        break;
      case 4:
        require(value <= kMostWindow, "INITIAL_WINDOW_SIZE is at most 2^31-1");
        announced_window_ = std::max<std::int64_t>(announced_window_, value);
        break;
      case 5:
        require(value >= 16384 && value < 1U << 24, "MAX_FRAME_SIZE is within its range");
        break;
      default:
        break;
    }
  }
}

void WireModel::on_settings_ack() {
  if (!in_step_) return;
  require(!unanswered_settings_.empty(), "each ACK answers one SETTINGS frame");
  for (const std::uint32_t size : unanswered_settings_.front()) {
    nghttp2_hd_inflate_change_table_size(inflater_, size);
  }
  unanswered_settings_.pop_front();
}

void WireModel::on_ping(const Frame& frame) {
  require(frame.id == 0 && frame.length == 8 && frame.flags <= kAck, "PING has 8 bytes");
  if ((frame.flags & kAck) == 0 || !in_step_) return;
  require(!unanswered_pings_.empty() && unanswered_pings_.front() == frame.payload,
          "each ACK answers one PING, in order and with its bytes");
  unanswered_pings_.pop_front();
}

void WireModel::on_goaway(const Frame& frame) {
  require(frame.id == 0 && frame.flags == 0 && frame.length >= 8, "GOAWAY has 8 bytes");
  const std::uint32_t last = number(frame.payload, 0, 4);
  require(last <= goaway_id_, "the last stream id of GOAWAY never rises");
  if (!is_client()) require(last >= heard_of_, "GOAWAY spares the streams that were begun");
  goaway_id_ = last;
}

void WireModel::on_window_update(const Frame& frame) {
  require(frame.length == 4 && frame.flags == 0, "WINDOW_UPDATE has 4 bytes");
  const std::int64_t increment = number(frame.payload, 0, 4);
  require(increment > 0 && increment <= kMostWindow, "an increment is from 1 to 2^31-1");
  const auto limit = std::int64_t{std::max(options_.max_window, options_.connection_window)};
  if (frame.id == 0) {
    credit_ += increment;
    require(65535 + credit_ - received_ <= std::max<std::int64_t>(limit, 65535) || !in_step_,
            "the connection's credit keeps to its window");
    return;
  }
  Stream& stream = known(frame.id);
  require(!stream.reset && !stream.reset_by_peer, "no WINDOW_UPDATE follows RST_STREAM");
  stream.credit += increment;
  require(announced_window_ + stream.credit - stream.received <= kMostWindow || !in_step_,
          "a stream's window does not overflow");
}

// ---- in between
// ------------------------------------------------------------------------------------

void WireModel::check_answers() {
  require(output_.empty(), "the output has whole frames");
  if (!in_step_) return;
  require(unanswered_settings_.empty(), "each SETTINGS frame is acknowledged");
  require(unanswered_pings_.empty(), "each PING is answered");
  loosest_window_ = window_;
  loosest_frame_ = frame_;
  for (const std::uint32_t id : std::exchange(resets_, {})) streams_[id].reset_by_peer = true;
}

void WireModel::check_end() {
  require(output_.empty(), "the output has whole frames");
  final_goaway_ = true;
}

std::uint64_t WireModel::data_written(std::uint32_t id) const {
  const auto it = streams_.find(id);
  return it == streams_.end() ? 0 : it->second.data;
}

bool WireModel::ended(std::uint32_t id) const {
  const auto it = streams_.find(id);
  return it != streams_.end() && it->second.ended;
}

void WireModel::owner_heard_of(std::uint32_t id) noexcept { heard_of_ = std::max(heard_of_, id); }

}  // namespace weft::fuzz
