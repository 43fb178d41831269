#include "weft/rpc/call/message/request_replay.h"

#include <cstddef>

namespace weft::rpc {

bool RequestReplay::at_front(const Reader& reader) const noexcept {
  return reader.next_ == (only_ ? 1 : gone_ + kept_.size());
}

MessageReader::Poll RequestReplay::give_only(Reader& reader, Message& out) {
  reader.next_ = 1;
  out = *only_;
  return MessageReader::Poll::Message;
}

MessageReader::Poll RequestReplay::poll(Reader& reader, Message& out) {
  using Poll = MessageReader::Poll;
  if (reader.closed_) return Poll::End;
  // The call of a reader that was not chosen is about to be cancelled.
  if (chosen_ != nullptr && chosen_ != &reader) return Poll::Pending;
  if (only_ && reader.next_ == 0) return give_only(reader, out);
  if (at_front(reader)) {
    if (ended_) return Poll::End;
    if (chosen_ != nullptr) {
      const Poll polled = source_.poll(out);
      if (polled == Poll::Message) {
        ++gone_;
        ++reader.next_;
      }
      ended_ = polled == Poll::End || (polled == Poll::Message && out.last());
      return polled;
    }
    if (const Poll polled = pull(); polled != Poll::Message) return polled;
    if (only_) return give_only(reader, out);
  }
  out = kept_[reader.next_++ - gone_];
  if (chosen_ != nullptr) {
    let_go(reader);
  } else if (kept_bytes_ > limit_) {
    overflow_(argument_, reader, kept_bytes_);
  }
  return Poll::Message;
}

/// Adds the source's next message to what is kept.
MessageReader::Poll RequestReplay::pull() {
  Message message;
  const MessageReader::Poll polled = source_.poll(message);
  if (polled == MessageReader::Poll::End) ended_ = true;
  if (polled != MessageReader::Poll::Message) return polled;
  ended_ = message.last();
  // A source that can give its one message again has it for as long as there is a call, also where
  // it only lends it.
  if (ended_ && gone_ + kept_.size() == 0 && source_.rewind()) {
    only_ = std::move(message);
    return polled;
  }
  if (message.borrows()) message = message.owned();
  kept_bytes_ += message.size();
  kept_.push_back(std::move(message));
  return polled;
}

void RequestReplay::wait(Reader& reader, Waiter& waiter) noexcept {
  const bool reads = chosen_ == nullptr || chosen_ == &reader;
  if (reader.closed_ || (reads && (ended_ || !at_front(reader)))) return executor_.ready(waiter);
  reader.waiter_ = &waiter;
  if (chosen_ == &reader && !waiting_) {
    reader.at_source_ = true;
    return source_.wait(waiter);
  }
  if (!reads || waiting_) return;
  waiting_ = true;
  source_.wait(*this);
}

/// A source may lend a message for the time of this call only, so it is taken here.
void RequestReplay::source_ready(Runnable& runnable) noexcept {
  auto& self = static_cast<RequestReplay&>(static_cast<Waiter&>(runnable));
  self.waiting_ = false;
  if (self.chosen_ != nullptr) {
    Waiter* waiter = std::exchange(self.chosen_->waiter_, nullptr);
    if (waiter != nullptr) waiter->run(*waiter);
    return;
  }
  if (self.pull() == MessageReader::Poll::Pending) {
    self.waiting_ = true;
    return self.source_.wait(self);
  }
  self.readers_.for_each([&](Reader& reader) {
    if (reader.waiter_ != nullptr) self.executor_.ready(*std::exchange(reader.waiter_, nullptr));
  });
}

void RequestReplay::choose(Reader& reader) noexcept {
  if (chosen_ != nullptr) return;
  chosen_ = &reader;
  let_go(reader);
  if (!waiting_ || !source_.unwait()) return;
  waiting_ = false;
  if (reader.waiter_ == nullptr) return;
  reader.at_source_ = true;
  source_.wait(*reader.waiter_);
}

void RequestReplay::Reader::close() noexcept {
  closed_ = true;
  Waiter* waiter = waiter_;
  if (unwait()) replay_.executor_.ready(*waiter);
}

void RequestReplay::let_go(const Reader& reader) {
  if (kept_bytes_ == 0) return;
  const auto read = kept_.begin() + static_cast<std::ptrdiff_t>(reader.next_ - gone_);
  for (auto message = kept_.begin(); message != read; ++message) kept_bytes_ -= message->size();
  kept_.erase(kept_.begin(), read);
  gone_ = reader.next_;
}

}  // namespace weft::rpc
