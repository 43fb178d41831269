#include "weft/edge/websocket/internal/socket_input.h"

#include <utility>

namespace weft::edge {

void SocketInput::add(std::string_view part) {
  if (part.empty()) return;
  data_.append(part);
  if (full()) room_.reset();
  wake();
}

void SocketInput::end() noexcept {
  ended_ = true;
  wake();
}

MessageReader::Poll SocketInput::poll(Message& out) {
  waiting_ = nullptr;
  if (data_.empty()) return ended_ ? Poll::End : Poll::Pending;
  out = Message(Bytes::copy_of(data_));
  // An idle connection holds no buffer.
  std::string().swap(data_);
  room_.set();
  return Poll::Message;
}

void SocketInput::wait(Waiter& waiter) noexcept {
  if (ended_ || !data_.empty()) return loop_.ready(waiter);
  rpc::keep_waiter(waiting_, waiter, "what comes over a WebSocket");
}

bool SocketInput::unwait() noexcept { return std::exchange(waiting_, nullptr) != nullptr; }

void SocketInput::wake() noexcept {
  if (Waiter* const woken = std::exchange(waiting_, nullptr); woken != nullptr) loop_.ready(*woken);
}

}  // namespace weft::edge
