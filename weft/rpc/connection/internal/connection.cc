#include "weft/rpc/connection/internal/connection.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::rpc {
namespace {

// What a connection may read at once where others have done much already in the loop's round: a few
// calls. The rest of these bytes has a turn of its own, what is behind them the next round.
constexpr int kFramesInLongRound = 8;
constexpr std::size_t kBytesInLongRound = std::size_t{8} * 1024;
// In units of Loop::add_work(), where it begins a call.
constexpr int kWorkOfFrame = 2;

// What the connections of a thread read into. Nobody keeps it between turns unless a message points
// into it; then the next read takes a fresh block. So an idle connection holds no buffer.
thread_local ChunkRef read_block;

Chunk& block_to_read_into(std::size_t size) {
  if (!read_block || !read_block->unique()) read_block = ChunkRef(Chunk::allocate(size));
  return *read_block.get();
}

std::string message_prefix(bool compressed, std::size_t size) {
  std::string prefix(kMessagePrefix, '\0');
  write_message_prefix(reinterpret_cast<std::uint8_t*>(prefix.data()), compressed,
                       static_cast<std::uint32_t>(size));
  return prefix;
}

/// Of more than INT_MAX bytes.
[[gnu::cold]] Status check_large(const Message& message) {
  const std::string size = "message of " + std::to_string(message.size()) + " bytes: ";
  if (!message.writable()) {
    return resource_exhausted(size + "the limit of a protobuf message is 2147483647");
  }
  if (message.size() <= UINT32_MAX) return {};
  return resource_exhausted(size + "the limit of gRPC's framing is 4294967295");
}

}  // namespace

Connection::Connection(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                       const http2::SessionOptions& options, const KeepAlive& keepalive,
                       ConnectionAccount::Ref account)
    : loop_(loop),
      stream_(std::move(stream)),
      peer_(Peer::Ref::make(stream_->peer_address(), stream_->tls())),
      session_(options, *this),
      account_(std::move(account)),
      keepalive_(keepalive),
      last_activity_(loop.now()) {
  stream_->set_handler(this);
  if (!memory()->bounded()) return;
  const std::size_t limit = memory()->limit();
  output_high_ = std::min(kOutputHigh, limit / 8);
  queue_high_ = limit / 4;
  pause_reading_ = std::min(kPauseReading, limit / 4);
}

Connection::~Connection() { stream_->close(); }

void Connection::start(std::string_view first) {
  if (first.empty()) {
    stream_->want_read();
  } else {
    take_in_later(Bytes::copy_of(first));
  }
  flush_later();
  if (keepalive_.time != kForever) {
    loop_.arm(keepalive_timer_, after(last_activity_, keepalive_.time));
  }
  if (keepalive_.settings_timeout != kForever) {
    settings_due_ = true;
    linger_timer_.arm(*this, after(last_activity_, keepalive_.settings_timeout),
                      [](Connection& self) noexcept { self.linger_over(); });
  }
}

void Connection::settings_came() noexcept {
  settings_due_ = false;
  linger_timer_.cancel();
}

[[gnu::cold]] void Connection::settings_overdue() noexcept {
  settings_due_ = false;
  failure_ = Status(StatusCode::Unavailable,
                    peer_->address.to_string() + ": no acknowledgement of our SETTINGS within " +
                        to_string(keepalive_.settings_timeout),
                    Origin::Transport);
  abort(http2::ErrorCode::SettingsTimeout, Status(failure_));
}

void Connection::on_readable() noexcept {
  try {
    read();
  } catch (const std::bad_alloc&) {
    out_of_memory();
  }
}

/// The session may be half-way through a frame, so nothing more can be made of this connection.
void Connection::out_of_memory() noexcept {
  close(Status(StatusCode::ResourceExhausted,
               peer_->address.to_string() + ": no memory for what the peer sends",
               Origin::Transport));
}

void Connection::read() {
  // Bounded, so that one busy peer does not keep the loop from the others.
  constexpr int kReadsPerTurn = 4;
  if (rest_ != nullptr) return;  // that comes first
  bool more = true;
  for (int i = 0; i < kReadsPerTurn && more; ++i) {
    reading_paused_ = session_.output().size() > pause_reading_;
    if (reading_paused_) [[unlikely]]
      return flush_later();
    more = read_some();
    // Another read of as many small frames would double the turn.
    if (more && session_.frames_left() < http2::Session::kFramesAtOnce / 2) break;
    if (loop_.round_is_long()) break;
  }
  if (closed()) return;
  if (more) stream_->want_read();
  if (!session_.output().empty()) flush_later();
}

/// False when there is no more to read now.
bool Connection::read_some() {
  Chunk& block = block_to_read_into(kPieceBlock);
  const std::size_t room = loop_.round_is_long() ? kBytesInLongRound : block.capacity();
  const net::IoResult result = stream_->read({block.data(), room});
  switch (result.kind) {
    case net::IoResult::Kind::Done:
      if (phase_ == Phase::Lingering) {
        last_activity_ = loop_.now();
        return true;
      }
      break;
    case net::IoResult::Kind::WouldBlock:
      stream_->want_read();
      return false;
    case net::IoResult::Kind::End:
      note_end(ConnectionEvent::By::Peer);
      close_in_turn(Status(StatusCode::Unavailable,
                           peer_->address.to_string() + ": the peer closed the connection",
                           Origin::Transport));
      return false;
    case net::IoResult::Kind::Failed:
      note_end(ConnectionEvent::By::Network);
      close_in_turn(result.error);
      return false;
  }
  last_activity_ = loop_.now();
  Bytes input(read_block, block.data(), result.size);
  account_->reads.begin_round();
  const bool little = loop_.round_is_long();
  if (!take_in(input, little ? kFramesInLongRound : http2::Session::kFramesAtOnce)) return false;
  if (!input.empty()) [[unlikely]] {
    take_in_later(std::move(input));
    return false;
  }
  if (result.size == room) {
    // A full read: more is there as a rule.
    return true;
  }
  stream_->want_read();
  return false;
}

/// False when the connection is broken or closed. What is left of `input` is for another turn.
bool Connection::take_in(Bytes& input, int frames) {
  const bool whole = session_.receive_some(input, last_activity_, frames);
  loop_.add_work((frames - session_.frames_left()) * kWorkOfFrame);
  if (!whole) {
    if (session_.ending()) end_streams_later();
    return false;
  }
  if (closed()) return false;
  if (settings_due_ && session_.settings_acknowledged()) settings_came();
  on_activity();
  return !closed();
}

void Connection::take_in_later(Bytes input) {
  if (rest_ == nullptr) rest_ = std::make_unique<Rest>(*this);
  rest_->input = std::move(input);
  account_->reads.wait(*rest_);
}

void Connection::Rest::take_in(Runnable& item) noexcept {
  Connection& self = static_cast<Rest&>(item).self;
  try {
    self.take_in_rest();
  } catch (const std::bad_alloc&) {
    self.out_of_memory();
  }
}

void Connection::take_in_rest() {
  if (rest_->closes) return close_now();
  if (session_.broken()) {
    rest_.reset();
    session_.end_streams();
    if (phase_ == Phase::Lingering) stream_->want_read();
    return;
  }
  reading_paused_ = session_.output().size() > pause_reading_;
  if (reading_paused_) return flush_later();
  Bytes input = std::exchange(rest_->input, {});
  if (!take_in(input, http2::Session::kFramesAtOnce)) return;
  if (!input.empty()) {
    take_in_later(std::move(input));
  } else {
    rest_.reset();
    stream_->want_read();
  }
  if (!session_.output().empty()) flush_later();
}

/// As close(). In a long round a server does that in a turn of the connection's own: a client may
/// have a thousand calls, and many clients may end at once. (A client's channel has to know at once
/// that it needs another connection.)
void Connection::close_in_turn(const Status& why) noexcept {
  if (closed()) return;
  if (phase_ != Phase::Lingering) failure_ = why;
  if (session_.role() == http2::Role::Client || !loop_.round_is_long()) return close_now();
  if (!make_rest()) return close_now();
  rest_->closes = true;
  rest_->input = {};
  session_.transport_lost();
  account();
  account_->reads.wait_to_end(*rest_);
}

/// Where this side has not ended it before.
void Connection::note_end(ConnectionEvent::By by) noexcept {
  if (phase_ < Phase::WritingOut) closed_by_ = by;
}

/// False without memory for it.
bool Connection::make_rest() noexcept {
  try {
    if (rest_ == nullptr) rest_ = std::make_unique<Rest>(*this);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

/// What it takes to give everything back counts as work.
void Connection::close_now() noexcept {
  const TimePoint began = loop_.now();
  close(Status(failure_));
  loop_.add_work(net::Loop::work_of(loop_.now() - began));
}

/// As close_in_turn(), of the streams that a broken connection still has.
void Connection::end_streams_later() noexcept {
  if (!make_rest()) return session_.end_streams();
  rest_->input = {};
  account();
  account_->reads.wait_to_end(*rest_);
}

/// After a pause.
void Connection::read_on() noexcept {
  if (rest_ != nullptr) return account_->reads.wait(*rest_);
  stream_->want_read();
}

void Connection::spend_on_headers(std::size_t bytes) noexcept {
  spend(net::Loop::work_of_bytes(bytes));
}

/// Writes until the output is empty, which is Done, or the stream takes no more.
net::IoResult Connection::write_output() noexcept {
  http2::OutputQueue& output = session_.output();
  while (!output.empty()) {
    std::array<iovec, 64> slices;
    const std::size_t count = output.gather(slices);
    net::IoResult result = stream_->write({slices.data(), count});
    if (result.kind != net::IoResult::Kind::Done) return result;
    output.consume(result.size);
    written_ += result.size;
  }
  return {.kind = net::IoResult::Kind::Done, .size = 0, .error = {}};
}

void Connection::flush() noexcept {
  if (phase_ >= Phase::Lingering || (rest_ != nullptr && rest_->closes)) return;
  if (write_failed_) return close_in_turn(Status(failure_));
  stream_ended();
  const net::IoResult result = write_output();
  if (result.kind == net::IoResult::Kind::Failed) {
    note_end(ConnectionEvent::By::Network);
    return close_in_turn(result.error);
  }
  if (result.kind == net::IoResult::Kind::WouldBlock) stream_->want_write();
  const http2::OutputQueue& output = session_.output();
  if (output.size() <= output_high_ / 4) {
    if (session_.queued() <= queue_high_) wake_output_waiters();
    // Also where much waits for windows: WINDOW_UPDATE has to be read.
    if (std::exchange(reading_paused_, false)) read_on();
  }
  session_.tidy();
  if (output.empty() && phase_ == Phase::WritingOut) return linger();
  on_flushed();
}

void Connection::memory_changed() noexcept {
  session_.hold_connection_credit(memory()->many_unread());
  if (!session_.output().empty()) flush_later();
}

/// To close now, with bytes of the peer unread or on their way, would reset the connection, and a
/// reset destroys what the peer has not read yet (RFC 1122 section 4.2.2.13). So this side ends,
/// and the other is read to its end.
void Connection::linger() noexcept {
  phase_ = Phase::Lingering;
  if (!session_.ending()) rest_.reset();
  keepalive_timer_.cancel();
  stream_->shutdown_write();
  arm_linger(kLongestLinger);
  stream_->want_read();
}

void Connection::wake_output_waiters() noexcept {
  while (OutputWaiter* waiting = output_waiters_.pop_front()) waiting->on_output_drained();
}

Status Connection::send_message(http2::Stream& stream, const Message& message,
                                Compression compression, bool end_stream) {
  try {
    return try_to_send(stream, message, compression, end_stream);
  } catch (const std::bad_alloc&) {
    return resource_exhausted("no memory to send a message of " + std::to_string(message.size()) +
                              " bytes");
  }
}

Status Connection::try_to_send(http2::Stream& stream, const Message& message,
                               Compression compression, bool end_stream) {
  flush_later();
  if (message.size() > INT_MAX) [[unlikely]] {
    Status fits = check_large(message);
    if (!fits.ok()) return fits;
  }
  const bool compressed = compresses(message, compression);
  if (!compressed) {
    const std::size_t size = kMessagePrefix + message.size();
    if (std::uint8_t* out = session_.reserve_data(stream, size); out != nullptr) {
      write_message_prefix(out, false, static_cast<std::uint32_t>(message.size()));
      message.write_to(reinterpret_cast<char*>(out + kMessagePrefix));
      session_.commit_data(stream, size, end_stream);
      return {};
    }
  }
  if (compressed) return send_compressed(stream, message, compression, end_stream);
  queue(stream, message.to_pieces(message_prefix(false, message.size())), end_stream);
  if (session_.output().lent()) write_lent();
  return {};
}

/// The loan ends here. A failure closes the connection at the end of the turn, not under the feet
/// of who sends.
void Connection::write_lent() {
  if (phase_ < Phase::Lingering && !write_failed_) {
    net::IoResult result = write_output();
    write_failed_ = result.kind == net::IoResult::Kind::Failed;
    if (write_failed_) {
      note_end(ConnectionEvent::By::Network);
      failure_ = std::move(result.error);
    }
  }
  session_.output().own();
}

Status Connection::send_compressed(http2::Stream& stream, const Message& message,
                                   Compression compression, bool end_stream) {
  const Bytes plain = message.to_bytes();
  Result<Bytes> packed = codec::compress(compression, plain.view());
  if (!packed.ok()) return std::move(packed).status();
  const std::size_t size = packed->size();
  saved_last_ = static_cast<std::int64_t>(plain.size()) - static_cast<std::int64_t>(size);
  queue(stream, Message(std::move(*packed)).to_pieces(message_prefix(true, size)), end_stream);
  return {};
}

void Connection::queue(http2::Stream& stream, std::vector<Bytes> pieces, bool end_stream) {
  while (pieces.size() > 1 && pieces.back().empty()) pieces.pop_back();
  for (Bytes& piece : pieces) {
    const bool last = &piece == &pieces.back();
    session_.queue_data(stream, std::move(piece), end_stream && last);
  }
}

void Connection::close(const Status& why) noexcept {
  if (closed()) return;
  phase_ = Phase::Closed;
  failure_ = why;
  rest_.reset();
  keepalive_timer_.cancel();
  linger_timer_.cancel();
  net::TurnEndHook::unlink();
  wake_output_waiters();
  session_.transport_closed();
  stream_->close();
  on_closed(failure_);
}

void Connection::write_and_close(const Status& why) noexcept {
  // What a child of fork() writes would be in the middle of what its parent does.
  const bool may_write =
      phase_ < Phase::Lingering && !write_failed_ && !loop_.anchor()->is_parents();
  if (may_write && !session_.output().empty()) {
    if (write_output().kind == net::IoResult::Kind::Done) forget_input();
  }
  close(why);
}

/// What lies unread in the socket when that is closed makes the system reset the connection, and a
/// reset destroys what the peer has not read yet (RFC 1122 section 4.2.2.13).
void Connection::forget_input() noexcept {
  constexpr int kMostReads = 16;
  stream_->shutdown_write();
  std::array<char, 4096> ignored;
  for (int i = 0; i < kMostReads; ++i) {
    if (stream_->read(ignored).kind != net::IoResult::Kind::Done) return;
  }
}

void Connection::abort(http2::ErrorCode code, const Status& why) noexcept {
  if (closed()) return;
  if (!session_.broken()) session_.abort(code, why.message());
  close_after_write(why);
  if (session_.ending()) end_streams_later();
}

void Connection::close_after_write(const Status& why) noexcept {
  if (closed()) return;
  if (phase_ < Phase::WritingOut) {
    phase_ = Phase::WritingOut;
    failure_ = why;
  }
  arm_linger(kLinger);
  flush_later();
}

void Connection::arm_linger(Duration longest) noexcept {
  if (settings_due_) settings_came();
  const TimePoint now = loop_.now();
  const bool armed = linger_timer_.armed();
  if (armed && linger_end_ <= after(now, longest)) return;
  linger_end_ = after(now, longest);
  if (!armed) last_activity_ = now;
  linger_on();
}

void Connection::linger_on() noexcept {
  linger_timer_.arm(*this, std::min(after(last_activity_, kQuietLinger), linger_end_),
                    [](Connection& self) noexcept { self.linger_over(); });
}

void Connection::linger_over() noexcept {
  if (settings_due_) return settings_overdue();
  const TimePoint now = loop_.now();
  if (now < after(last_activity_, kQuietLinger) && now < linger_end_) return linger_on();
  close_in_turn(failure_);
}

void Connection::close_when_idle() noexcept {
  phase_ = std::max(phase_, Phase::Draining);
  stream_ended();
}

void Connection::stream_ended() noexcept {
  if (phase_ != Phase::Draining || session_.open_streams() != 0) return;
  failure_ = unavailable("the connection was drained");
  phase_ = Phase::WritingOut;
  flush_later();
}

void Connection::on_ping_ack(std::uint64_t payload) {
  if (payload == kOwnPing) on_own_ping_ack();
}

void Connection::on_connection_error(http2::ErrorCode, const Status& status) {
  close_after_write(status.with_prefix(peer_->address.to_string()));
}

void Connection::keepalive_due(net::Timer& timer) noexcept {
  static_cast<KeepAliveTimer&>(timer).connection.check_keepalive();
}

void Connection::check_keepalive() noexcept {
  const TimePoint now = loop_.now();
  if (reading_paused_) {
    // Its answer could not be seen.
    loop_.arm(keepalive_timer_, after(now, keepalive_.timeout));
    return;
  }
  const bool waiting = ping_sent_ != TimePoint{} && ping_sent_ > last_activity_;
  if (waiting && now >= after(ping_sent_, keepalive_.timeout)) {
    note_end(ConnectionEvent::By::Network);
    close_in_turn(Status(StatusCode::Unavailable,
                         peer_->address.to_string() + ": no answer to a keepalive PING within " +
                             to_string(keepalive_.timeout),
                         Origin::Transport));
    return;
  }
  if (waiting) {
    loop_.arm(keepalive_timer_, after(ping_sent_, keepalive_.timeout));
    return;
  }
  const TimePoint due = after(last_activity_, keepalive_.time);
  if (now < due) {
    loop_.arm(keepalive_timer_, due);
    return;
  }
  if (session_.open_streams() == 0 && !keepalive_.without_calls) {
    loop_.arm(keepalive_timer_, after(now, keepalive_.time));
    return;
  }
  session_.ping(kKeepAlivePing);
  ping_sent_ = now;
  flush_later();
  // Whichever comes first: the answer may be overdue, or have come and the next PING be due.
  loop_.arm(keepalive_timer_, after(now, std::min(keepalive_.timeout, keepalive_.time)));
}

}  // namespace weft::rpc
