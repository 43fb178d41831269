#include "weft/edge/websocket/internal/socket_output.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "weft/rpc/grpc/deframer.h"

namespace weft::edge {
namespace {

// Some Pongs for a client that reads late. Further ones are dropped: the client would have to be
// given memory for them, and asks again.
constexpr std::size_t kMostWaiting = 512;

/// The size of the envelope that `bytes` begins with.
std::size_t envelope_size(std::string_view bytes) noexcept {
  if (bytes.size() < rpc::kMessagePrefix) return bytes.size();
  std::size_t size = 0;
  for (std::size_t i = 1; i < rpc::kMessagePrefix; ++i) {
    size = size << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return std::min(bytes.size(), rpc::kMessagePrefix + size);
}

/// Each envelope as a binary message.
Bytes frames_of(std::string_view envelopes) {
  std::size_t count = 0;
  for (std::string_view left = envelopes; !left.empty(); ++count) {
    left.remove_prefix(envelope_size(left));
  }
  ChunkRef block(Chunk::allocate(envelopes.size() + count * kMostFrameHead));
  char* const begin = block->data();
  char* end = begin;
  while (!envelopes.empty()) {
    const std::string_view envelope = envelopes.substr(0, envelope_size(envelopes));
    end += write_frame_head(end, Opcode::Binary, envelope.size());
    std::memcpy(end, envelope.data(), envelope.size());
    end += envelope.size();
    envelopes.remove_prefix(envelope.size());
  }
  return Bytes(std::move(block), begin, static_cast<std::size_t>(end - begin));
}

}  // namespace

SocketOutput::Room::Room(SocketOutput& of) noexcept
    : Runnable([](Runnable& runnable) noexcept { static_cast<Room&>(runnable).self.on_room(); }),
      self(of) {}

SocketOutput::SocketOutput(net::Loop& loop, MessageWriter& raw) noexcept : loop_(loop), raw_(raw) {}

SocketOutput::~SocketOutput() {
  if (waits_) raw_.unwait();
}

void SocketOutput::send(Opcode opcode, std::string_view payload) {
  if (closed_ || (opcode != Opcode::Text && waiting_.size() > kMostWaiting)) return;
  append_frame(waiting_, opcode, payload);
  flush_or_wait();
}

void SocketOutput::close(CloseCode code, std::string_view reason) noexcept {
  if (std::exchange(closed_, true)) return;
  try {
    append_close(waiting_, code, reason);
  } catch (const std::bad_alloc&) {
    // The connection ends without it.
  }
  flush_or_wait();
  if (writer_ != nullptr) loop_.ready(*std::exchange(writer_, nullptr));
}

MessageWriter::Poll SocketOutput::flush() {
  if (waiting_.empty()) return Poll::Accepted;
  const Poll polled = raw_.offer(Message(Bytes::copy_of(waiting_)));
  if (polled != Poll::Blocked) std::string().swap(waiting_);
  return polled;
}

void SocketOutput::flush_or_wait() noexcept {
  try {
    if (flush() == Poll::Blocked) wait_for_room();
  } catch (const std::bad_alloc&) {
    std::string().swap(waiting_);
  }
}

void SocketOutput::wait_for_room() noexcept {
  if (!std::exchange(waits_, true)) raw_.wait(room_);
}

void SocketOutput::on_room() noexcept {
  waits_ = false;
  flush_or_wait();
  if (writer_ != nullptr) loop_.ready(*std::exchange(writer_, nullptr));
}

MessageWriter::Poll SocketOutput::offer(const Message& message) {
  writer_ = nullptr;
  if (closed_) return Poll::Closed;
  if (const Poll polled = flush(); polled != Poll::Accepted) return polled;
  const Bytes envelopes = message.to_bytes();
  if (envelopes.empty()) return Poll::Accepted;
  return raw_.offer(Message(frames_of(envelopes.view())));
}

void SocketOutput::wait(Waiter& waiter) noexcept {
  if (closed_) return loop_.ready(waiter);
  rpc::keep_waiter(writer_, waiter, "room in a WebSocket");
  wait_for_room();
}

bool SocketOutput::unwait() noexcept { return std::exchange(writer_, nullptr) != nullptr; }

}  // namespace weft::edge
