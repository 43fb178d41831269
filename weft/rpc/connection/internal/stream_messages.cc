#include "weft/rpc/connection/internal/stream_messages.h"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

namespace weft::rpc {

Status StreamMessages::account_changed(std::size_t held, std::size_t unread) {
  if (!memory().bounded()) return {};
  const bool more = held > held_;
  account(held, unread);
  // Also where it is a coroutine that reads, in a turn that has nothing else to do with the
  // connection.
  if (stream_ != nullptr) connection_->memory_changed();
  return more ? memory().admit() : Status();
}

void StreamMessages::account(std::size_t held, std::size_t unread) noexcept {
  if (!memory().bounded()) return;
  memory().add(static_cast<std::int64_t>(held) - static_cast<std::int64_t>(held_));
  memory().add_unread(static_cast<std::int64_t>(unread) - static_cast<std::int64_t>(unread_));
  held_ = held;
  unread_ = unread;
}

void StreamMessages::wait_output(Waiter& waiter) noexcept {
  keep_waiter(writer_, waiter, kRoomForMessage);
  if (stream_ == nullptr) return wake_writer();
  if (stream_->queued() != 0) return;
  // Then it is the connection that is full.
  if (!waits().OutputWaiter::linked()) connection_->wait_output(waits());
}

StreamMessages::Waits& StreamMessages::waits() {
  if (waits_ == nullptr) waits_ = std::make_unique<Waits>(*this);
  return *waits_;
}

Status StreamMessages::hold_response(std::size_t bytes) {
  if (!memory().bounded()) return {};
  waits().set_response(bytes);
  return memory().admit();
}

void StreamMessages::hold(const void* object, Measure measure) {
  account_->reads.end_parsing();
  if (!memory().bounded()) return;
  const std::size_t bytes = object == nullptr ? 0 : measure(object);
  kept_ = static_cast<std::uint32_t>(std::min<std::size_t>(bytes, UINT32_MAX));
  Status status = account();
  if (status.ok() || input_ == Input::Dropped) return;
  drop_input();
  on_bad_message(status);
}

Status StreamMessages::push_parts(BytesView data) {
  if (memory().bounded()) deframer_.set_scarce(memory().scarce());
  const std::size_t before = deframer_.ready();
  Status status = deframer_.push_parts(data);
  const std::size_t units = (deframer_.ready() - before) / ReadBudget::kMessagesPerUnit;
  if (units != 0) connection_->spend(static_cast<std::int32_t>(units));
  return_credit();
  if (status.ok()) status = account();
  if (!status.ok()) return status;
  if (single_ && second_began()) return one_too_many();
  if (!at_end_) wake(reader_);
  return status;
}

bool StreamMessages::second_began() const noexcept {
  const std::size_t unfinished = deframer_.at_boundary() ? 0 : 1;
  return (read_ ? 1 : 0) + deframer_.ready() + unfinished > 1;
}

Status StreamMessages::one_too_many() const {
  // Cardinality violations are UNIMPLEMENTED by gRPC's table of status codes.
  return unimplemented("the method takes one message, but a second one came");
}

void StreamMessages::keep_unread() {
  deframer_.keep_unread();
  if (deframer_.ready() == 0) return;
  // It was admitted when it came.
  static_cast<void>(account_changed(deframer_.held() + kept_, deframer_.unread()));
}

Status StreamMessages::unfinished() const {
  return internal_error("the stream ended inside a message: " +
                        std::to_string(deframer_.partial_bytes()) + " bytes of it had arrived");
}

/// The peer may send again as much as is not held here for a reader that has not come. Of a message
/// that is not whole yet nothing is held back, or one larger than the window would never arrive.
void StreamMessages::return_credit() {
  if (stream_ == nullptr || stream_->peer_ended()) return;
  const std::int64_t due = uncredited_ + static_cast<std::int64_t>(deframer_.partial_bytes());
  if (due <= 0) return;
  uncredited_ -= due;
  connection_->session().consumed(*stream_, static_cast<std::size_t>(due));
  // Also where a coroutine reads in a turn that has nothing else to do with the connection.
  if (!connection_->session().output().empty()) connection_->flush_later();
}

MessageReader::Poll StreamMessages::poll(Message& out) {
  if (input_ == Input::Dropped) return Poll::End;
  if (input_ == Input::Open && (at_end_ || !deframer_.has_message())) return Poll::Pending;
  if (!deframer_.has_message()) return Poll::End;
  ReadBudget& reads = account_->reads;
  const bool small = deframer_.next_is_small(ReadBudget::kSmall);
  if (!(small ? reads.take_small(deframer_.next().size()) : reads.take_other())) [[unlikely]]
    return wait_for_turn();
  // A single one is parsed by read_single(), which counts that itself.
  if (!at_end_) reads.begin_parsing(!small);
  Status status;
  std::size_t size = 0;
  if (Bytes whole; deframer_.pop_whole(whole)) [[likely]] {
    size = whole.size();
    out = Message(std::move(whole));
  } else if (pop(out, size, status) == Poll::Pending) {
    return wait_for_turn();
  }
  read_ = true;
  uncredited_ += static_cast<std::int64_t>(kMessagePrefix + size);
  return_credit();
  if (status.ok()) {
    kept_ = static_cast<std::uint32_t>(out.size());
    status = account();
  }
  if (status.ok()) [[likely]]
    return Poll::Message;
  drop_input();
  on_bad_message(status);
  return Poll::End;
}

/// The reader is woken in a turn of the connection's own.
MessageReader::Poll StreamMessages::wait_for_turn() {
  account_->reads.wait(waits());
  return Poll::Pending;
}

/// The next message, which is there; `size` is what it had on its way. Pending where it has to wait
/// for a turn of the connection's own.
MessageReader::Poll StreamMessages::pop(Message& out, std::size_t& size, Status& status) {
  if (deframer_.next_compressed()) return unpack(out, size, status);
  Deframer::Item item;
  deframer_.pop(item);
  size = item.size();
  out = item.pieces ? Message(std::move(*item.pieces)) : Message(std::move(item.bytes));
  return Poll::Message;
}

/// As pop(), of a message that is compressed.
MessageReader::Poll StreamMessages::unpack(Message& out, std::size_t& size, Status& status) {
  ReadBudget& reads = account_->reads;
  const std::size_t size_limit = deframer_.limit();
  const std::size_t most =
      std::min(size_limit,
               codec::limit_by_ratio(deframer_.next().size(), account_->max_decompression_ratio));
  // One that is large already is not tried with a small limit first.
  if (deframer_.next().size() > ReadBudget::kSmallMessage) large_next_ = true;
  const bool alone = large_next_ && reads.take_large();
  if (large_next_ && !alone) return Poll::Pending;
  // Before it is inflated: what is there counts as held only once it has been.
  status = memory().admit();
  Result<Bytes> plain = Bytes();
  if (status.ok()) {
    const std::size_t limit = alone ? most : std::min(most, ReadBudget::kSmallMessage);
    plain = inflate(deframer_.next(), limit);
    // Also where it stops at the limit: a format's blocks are decompressed whole.
    if (!plain.ok()) reads.spend_bytes(ReadBudget::kSmallMessage);
    large_next_ = limit < most && plain.status().code() == StatusCode::ResourceExhausted;
    if (large_next_) return Poll::Pending;
    status = plain.status();
    if (most < size_limit && status.code() == StatusCode::ResourceExhausted) {
      status = status.with_prefix("ServerOptions::max_decompression_ratio");
    }
  }
  large_next_ = false;
  Deframer::Item item;
  deframer_.pop(item);
  size = item.size();
  if (!status.ok()) return Poll::Message;
  reads.spend_bytes(plain->size());
  if (observed_) on_unpacked(size, plain->size());
  out = Message(std::move(*plain));
  out.set_arrived_compressed(true);
  return Poll::Message;
}

Result<Bytes> StreamMessages::inflate(const Bytes& packed, std::size_t limit) const {
  if (compression_ == Compression::Identity) {
    return internal_error(
        "a message has its compressed flag set, but the stream has no grpc-encoding");
  }
  try {
    return codec::decompress(compression_, packed.view(), limit);
  } catch (const std::bad_alloc&) {
    return resource_exhausted("no memory to decompress a message of " +
                              std::to_string(packed.size()) + " bytes");
  }
}

}  // namespace weft::rpc
