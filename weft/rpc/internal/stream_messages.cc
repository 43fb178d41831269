#include "weft/rpc/internal/stream_messages.h"

#include <string>
#include <utility>

namespace weft::rpc {

Status StreamMessages::account_changed(std::size_t held, std::size_t unread) {
  if (!memory_) return {};
  const bool more = held > held_;
  account(held, unread);
  // Also where it is a coroutine that reads, in a turn that has nothing else to do with the
  // connection.
  if (stream_ != nullptr) connection_->memory_changed();
  return more ? memory_->admit() : Status();
}

void StreamMessages::account(std::size_t held, std::size_t unread) noexcept {
  if (!memory_) return;
  memory_->add(static_cast<std::int64_t>(held) - static_cast<std::int64_t>(held_));
  memory_->add_unread(static_cast<std::int64_t>(unread) - static_cast<std::int64_t>(unread_));
  held_ = held;
  unread_ = unread;
}

void StreamMessages::wait_output(Waiter& waiter) noexcept {
  writer_ = &waiter;
  if (stream_ == nullptr) return wake_writer();
  if (stream_->queued() != 0) return;
  // Then it is the connection that is full.
  if (output_wait_ == nullptr) output_wait_ = std::make_unique<OutputWait>(*this);
  if (!output_wait_->linked()) connection_->wait_output(*output_wait_);
}

Status StreamMessages::push_parts(BytesView data) {
  if (memory_) deframer_.set_scarce(memory_->scarce());
  Status status = deframer_.push_parts(data);
  return_credit();
  if (status.ok()) status = account();
  if (!status.ok()) return status;
  if (single_ && (read_ ? 1 : 0) + deframer_.ready() > 1) return one_too_many();
  wake(reader_);
  return status;
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
  Status status;
  std::size_t size = 0;
  if (Bytes whole; deframer_.pop_whole(whole)) [[likely]] {
    size = whole.size();
    out = Message(std::move(whole));
  } else if (deframer_.ready() == 0) {
    return input_ == Input::Open ? Poll::Pending : Poll::End;
  } else {
    status = pop(out, size);
  }
  read_ = true;
  uncredited_ += static_cast<std::int64_t>(kMessagePrefix + size);
  return_credit();
  if (status.ok()) {
    if (single_) kept_ = static_cast<std::uint32_t>(out.size());
    status = account();
  }
  if (status.ok()) [[likely]]
    return Poll::Message;
  drop_input();
  on_bad_message(status);
  return Poll::End;
}

/// The next message, which is there; `size` is what it had on its way.
Status StreamMessages::pop(Message& out, std::size_t& size) {
  Deframer::Item item;
  deframer_.pop(item);
  size = item.size();
  if (!item.compressed) {
    out = item.pieces ? Message(std::move(*item.pieces)) : Message(std::move(item.bytes));
    return {};
  }
  Result<Message> message = unpack(item.bytes);
  if (!message.ok()) return std::move(message).status();
  out = std::move(*message);
  return {};
}

Result<Message> StreamMessages::unpack(const Bytes& packed) const {
  if (compression_ == Compression::Identity) {
    return internal_error(
        "a message has its compressed flag set, but the stream has no grpc-encoding");
  }
  Result<Bytes> plain = codec::decompress(compression_, packed.view(), deframer_.limit());
  if (!plain.ok()) return std::move(plain).status();
  Message message(std::move(*plain));
  message.set_arrived_compressed(true);
  return message;
}

}  // namespace weft::rpc
