#include "weft/http1/client/internal/pool/connection.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "weft/net/loop/awaited.h"

namespace weft::http1 {

Connection::Connection(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                       std::shared_ptr<Instance> instance)
    : loop_(loop), stream_(std::move(stream)), instance_(std::move(instance)) {
  stream_->set_handler(this);
}

Connection::~Connection() {
  stream_->set_handler(nullptr);
  stream_->close();
}

/// Bytes that were taken keep their block, so a full one is left to them.
void Connection::make_room() {
  const std::size_t kept = end_ - begin_;
  if (block_ && kept == 0 && block_->unique()) {
    begin_ = end_ = 0;
    return;
  }
  if (block_ && end_ < block_->capacity()) return;
  ChunkRef larger(Chunk::allocate(std::max(kPieceBlock, 2 * kept)));
  if (kept != 0) std::memcpy(larger->data(), block_->data() + begin_, kept);
  block_ = std::move(larger);
  begin_ = 0;
  end_ = kept;
}

net::IoResult Connection::receive() {
  make_room();
  net::IoResult result = stream_->read({block_->data() + end_, block_->capacity() - end_});
  if (result.kind == net::IoResult::Kind::Done) end_ += result.size;
  return result;
}

Bytes Connection::take(std::size_t size) {
  Bytes taken(block_, block_->data() + begin_, size);
  begin_ += size;
  return taken;
}

Task<Status> Connection::readable(TimePoint until) {
  net::Wait wait(loop_, until);
  const net::Awaited awaited(reading_, wait);
  stream_->want_read();
  co_return co_await wait;
}

Task<Status> Connection::writable(TimePoint until) {
  net::Wait wait(loop_, until);
  const net::Awaited awaited(writing_, wait);
  stream_->want_write();
  co_return co_await wait;
}

void Connection::begin_idling(IdleOwner& owner) {
  block_ = {};
  begin_ = end_ = 0;
  reused_ = true;
  idle_owner_ = &owner;
  idle_since_ = loop_.now();
  stream_->want_read();
}

bool Connection::end_idling(IdleOwner::Reason& reason) {
  const net::IoResult::Kind kind = look();
  reason =
      kind == net::IoResult::Kind::Done ? IdleOwner::Reason::Unasked : IdleOwner::Reason::Ended;
  idle_owner_ = nullptr;
  return kind == net::IoResult::Kind::WouldBlock;
}

net::IoResult::Kind Connection::look() {
  std::array<char, 64> bytes;
  return stream_->read(bytes).kind;
}

void Connection::on_readable() noexcept {
  if (reading_ != nullptr) return reading_->complete();
  if (idle_owner_ == nullptr) return;
  const net::IoResult::Kind kind = look();
  // What was there may have been of TLS alone, as a session's ticket.
  if (kind == net::IoResult::Kind::WouldBlock) return stream_->want_read();
  idle_owner_->on_idle_over(*this, kind == net::IoResult::Kind::Done ? IdleOwner::Reason::Unasked
                                                                     : IdleOwner::Reason::Ended);
}

}  // namespace weft::http1
