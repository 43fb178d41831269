#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include "weft/http2/session/internal/session_impl.h"

namespace weft::http2 {
namespace {

/// Frames are no larger than this even where the peer takes larger ones, so that streams which
/// share the connection's window take turns.
constexpr std::size_t kLargestSentFrame = std::size_t{64} * 1024;

bool is_head(HeaderFields fields) {
  for (const HeaderField& field : fields) {
    if (field.token == Token::Method || field.name == ":method") return field.value == "HEAD";
  }
  return false;
}

std::uint8_t end_flag(bool end_stream) { return end_stream ? flag::kEndStream : std::uint8_t{0}; }

}  // namespace

bool Session::Impl::can_open() const noexcept {
  return !is_server() && !broken_ && !draining() && next_id_ <= kLargestStreamId &&
         streams_.size() < peer_.max_concurrent_streams;
}

Stream& Session::Impl::open_stream(HeaderFields fields, FixedBlock* fixed, HeaderFields more,
                                   bool end_stream, void* user) {
  assert(can_open());
  const std::uint32_t id = next_id_;
  next_id_ += 2;
  if (callbacks_ == 0) streams_.recycle();
  Record& stream = streams_.insert(id);
  stream.begin(id, peer_.initial_window_size, initial_receive_window_);
  stream.user = user;
  stream.head_request = is_head(fields);
  stream.local_ended_ = stream.end_sent = end_stream;
  write_headers(id, fields, fixed, more, end_stream);
  stream.headers_end = writer_.written();
  return stream;
}

void Session::Impl::send_headers(Record& stream, HeaderFields fields, FixedBlock* fixed,
                                 bool end_stream) {
  if (stream.closed || stream.local_ended_ || broken_) return;
  stream.local_ended_ = end_stream;
  if (!stream.queue.empty()) {
    stream.queue.hold(fields);
    held_ += stream.queue.held()->memory();
    return;
  }
  if (fixed != nullptr && encoder_.is_current(*fixed)) [[likely]] {
    write_known_headers(stream.id_, *fixed, end_stream);
  } else {
    write_headers(stream.id_, fields, fixed, {}, end_stream);
  }
  if (!end_stream) return;
  local_end_sent(stream);
  // As a rule a response ends here, and with it the stream: its record goes back while it is at
  // hand.
  if (callbacks_ == 0) streams_.recycle();
}

/// A block that was encoded before; shorter than any SETTINGS_MAX_FRAME_SIZE.
void Session::Impl::write_known_headers(std::uint32_t id, const FixedBlock& block,
                                        bool end_stream) {
  std::uint8_t* frame = writer_.reserve(kFrameHeaderSize + FixedBlock::kLongest);
  const std::uint8_t flags = flag::kEndHeaders | end_flag(end_stream);
  block.copy_to(write_frame_header(frame, {.length = static_cast<std::uint32_t>(block.size()),
                                           .type = FrameType::Headers,
                                           .flags = flags,
                                           .stream_id = id}));
  writer_.commit(kFrameHeaderSize + block.size());
}

/// One block of `fields`, which may be fixed, and `more` behind them.
void Session::Impl::write_headers(std::uint32_t id, HeaderFields fields, FixedBlock* fixed,
                                  HeaderFields more, bool end_stream) {
  const bool known = fixed != nullptr && encoder_.is_current(*fixed);
  std::size_t bound = known ? FixedBlock::kLongest : encoder_.bound(fields);
  if (!more.empty()) bound += encoder_.bound(more);
  if (bound > peer_.max_frame_size) [[unlikely]] {
    std::vector<HeaderField> all(fields.begin(), fields.end());
    all.insert(all.end(), more.begin(), more.end());
    return write_long_headers(id, all, end_stream);
  }
  std::uint8_t* frame = writer_.reserve(kFrameHeaderSize + bound);
  std::uint8_t* end = frame + kFrameHeaderSize;
  end =
      fixed == nullptr ? encoder_.encode(fields, end) : encoder_.encode_fixed(fields, *fixed, end);
  if (!more.empty()) end = encoder_.encode(more, end);
  const auto size = static_cast<std::size_t>(end - frame);
  write_frame_header(frame,
                     {.length = static_cast<std::uint32_t>(size - kFrameHeaderSize),
                      .type = FrameType::Headers,
                      .flags = static_cast<std::uint8_t>(flag::kEndHeaders | end_flag(end_stream)),
                      .stream_id = id});
  writer_.commit(size);
}

/// A block that may not fit one frame: HEADERS and CONTINUATION (section 6.10).
void Session::Impl::write_long_headers(std::uint32_t id, HeaderFields fields, bool end_stream) {
  std::vector<std::uint8_t> block(encoder_.bound(fields));
  block.resize(static_cast<std::size_t>(encoder_.encode(fields, block.data()) - block.data()));
  FrameHeader header{.type = FrameType::Headers, .flags = end_flag(end_stream), .stream_id = id};
  std::size_t at = 0;
  do {
    const std::size_t n = std::min<std::size_t>(block.size() - at, peer_.max_frame_size);
    header.length = static_cast<std::uint32_t>(n);
    if (at + n == block.size()) header.flags |= flag::kEndHeaders;
    std::uint8_t* frame = writer_.reserve(kFrameHeaderSize + n);
    std::copy_n(block.data() + at, n, write_frame_header(frame, header));
    writer_.commit(kFrameHeaderSize + n);
    header = {.type = FrameType::Continuation, .stream_id = id};
    at += n;
  } while (at < block.size());
}

/// How much DATA the next frame of this stream may have.
std::size_t Session::Impl::frame_room(const Record& stream) const noexcept {
  const std::int64_t window = std::min(stream.send.size(), send_window_.size());
  const std::size_t frame = std::min<std::size_t>(peer_.max_frame_size, kLargestSentFrame);
  return window <= 0 ? 0 : std::min(static_cast<std::size_t>(window), frame);
}

void Session::Impl::take_send_window(Record& stream, std::size_t n) noexcept {
  stream.send.take(n);
  send_window_.take(n);
  data_sent_ += n;
}

std::uint8_t* Session::Impl::reserve_data(Record& stream, std::size_t n) {
  if (stream.closed || stream.local_ended_ || broken_ || !stream.queue.empty() || !ring_.empty() ||
      n > frame_room(stream)) {
    return nullptr;
  }
  reserved_ = writer_.reserve(kFrameHeaderSize + n);
  return reserved_ + kFrameHeaderSize;
}

void Session::Impl::commit_data(Record& stream, std::size_t n, bool end_stream) {
  assert(reserved_ != nullptr);
  write_frame_header(reserved_, {.length = static_cast<std::uint32_t>(n),
                                 .type = FrameType::Data,
                                 .flags = end_flag(end_stream),
                                 .stream_id = stream.id_});
  reserved_ = nullptr;
  writer_.commit(kFrameHeaderSize + n);
  take_send_window(stream, n);
  if (!end_stream) return;
  stream.local_ended_ = true;
  local_end_sent(stream);
}

void Session::Impl::queue_data(Record& stream, Bytes data, bool end_stream) {
  if (stream.closed || stream.local_ended_ || broken_) return;
  stream.local_ended_ = end_stream;
  // What waits in the ring goes first, also when this is called from on_drained.
  if (stream.queue.empty() && ring_.empty()) {
    send_now(stream, data, end_stream);
    if (stream.end_sent) return local_end_sent(stream);
  }
  if (data.empty()) {
    // An empty DATA frame needs no window and nothing is before it.
    if (end_stream && stream.queue.empty()) write_end(stream);
    return;
  }
  if (stream.queue.empty()) stream.moved = true;
  queued_ += data.size();
  stream.queue.push(std::move(data));
  stream.waiting = true;
  wait_for_window(stream);
}

void Session::Impl::forget_queue(Record& stream) noexcept {
  queued_ -= stream.queue.size();
  if (const internal::HeldFields* held = stream.queue.held()) held_ -= held->memory();
  stream.queue.clear();
}

void Session::Impl::drop_queued(Record& stream) {
  if (stream.closed || stream.end_sent) return;
  stream.local_ended_ = false;
  stream.waiting = false;
  forget_queue(stream);
  stream.unlink();
}

/// Sends as much of `data` as the windows allow, past the queue, and takes it off.
void Session::Impl::send_now(Record& stream, Bytes& data, bool end_stream) {
  while (!data.empty()) {
    const std::size_t n = std::min(frame_room(stream), data.size());
    if (n == 0) return;
    const bool last = end_stream && n == data.size();
    writer_.header({.length = static_cast<std::uint32_t>(n),
                    .type = FrameType::Data,
                    .flags = end_flag(last),
                    .stream_id = stream.id_});
    take_send_window(stream, n);
    stream.end_sent = last;
    if (n == data.size()) {
      writer_.append(std::exchange(data, Bytes()));
    } else {
      writer_.append(data.slice(0, n));
      data.remove_prefix(n);
    }
  }
}

/// One DATA frame from the stream's queue; small slices share it.
void Session::Impl::send_queued(Record& stream) {
  std::size_t left = std::min(frame_room(stream), stream.queue.size());
  const bool last =
      left == stream.queue.size() && stream.local_ended_ && stream.queue.held() == nullptr;
  writer_.header({.length = static_cast<std::uint32_t>(left),
                  .type = FrameType::Data,
                  .flags = end_flag(last),
                  .stream_id = stream.id_});
  take_send_window(stream, left);
  stream.queue.sent(left);
  queued_ -= left;
  stream.moved = true;
  stream.end_sent = last;
  while (left != 0) {
    Bytes& front = stream.queue.front();
    if (front.size() <= left) {
      left -= front.size();
      writer_.append(std::move(front));
      stream.queue.pop();
    } else {
      writer_.append(front.slice(0, left));
      front.remove_prefix(left);
      left = 0;
    }
  }
}

/// END_STREAM on a frame of its own.
void Session::Impl::write_end(Record& stream) {
  writer_.header({.type = FrameType::Data, .flags = flag::kEndStream, .stream_id = stream.id_});
  local_end_sent(stream);
}

/// Puts the stream at the end of the ring, if it has something to send and a window of its own.
void Session::Impl::wait_for_window(Record& stream) {
  if (!stream.queue.empty() && stream.send.size() > 0 && !stream.linked()) ring_.push_back(stream);
}

/// Sends what the connection's window allows: one frame of each waiting stream in turn.
void Session::Impl::flush() {
  if (flushing_) return;  // called from on_drained: the loop below goes on with what was added
  flushing_ = true;
  while (!broken_ && send_window_.size() > 0) {
    auto* stream = static_cast<Record*>(ring_.pop_front());
    if (stream == nullptr) break;
    // A smaller SETTINGS_INITIAL_WINDOW_SIZE may have taken its window since it joined the ring.
    if (stream->send.size() <= 0) continue;
    send_queued(*stream);
    wait_for_window(*stream);
    if (!stream->queue.empty()) continue;
    if (const auto held = stream->queue.take_held()) {
      held_ -= held->memory();
      write_headers(stream->id_, held->fields(), nullptr, {}, stream->local_ended_);
      stream->end_sent = stream->local_ended_;
    }
    if (std::exchange(stream->waiting, false)) handler_.on_drained(*stream);
    if (!stream->closed && stream->end_sent) finish_if_done(*stream);
  }
  flushing_ = false;
}

std::vector<Stream*> Session::Impl::stalled_streams() {
  std::vector<Stream*> stalled;
  streams_.for_each([&stalled](Record& stream) {
    if (!std::exchange(stream.moved, false) && !stream.queue.empty()) stalled.push_back(&stream);
  });
  return stalled;
}

std::size_t Session::Impl::memory() const noexcept {
  return sizeof(*this) + writer_.output_memory() + queued_ + held_ + streams_.memory() +
         block_.memory() + reader_.memory() + decoder_.memory() + known_blocks_.memory();
}

void Session::Impl::local_end_sent(Record& stream) {
  stream.end_sent = true;
  finish_if_done(stream);
}

void Session::Impl::consumed(Record& stream, std::size_t n) {
  if (stream.closed || broken_) return;
  const std::uint32_t increment = stream.receive.give_back(n, local_.initial_window_size);
  // Nothing more comes on a stream that the peer has ended, so it needs no window.
  if (increment != 0 && !stream.peer_ended_) writer_.window_update(stream.id_, increment);
}

}  // namespace weft::http2
