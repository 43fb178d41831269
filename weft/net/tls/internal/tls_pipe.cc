#include "weft/net/tls/internal/tls_pipe.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weft::net::internal {
namespace {

// Four full records and the block's header.
constexpr std::size_t kReadSize = (std::size_t{64} << 10) - sizeof(Chunk);
constexpr std::size_t kWriteSize = (std::size_t{64} << 10) - sizeof(Chunk);

}  // namespace

BIO_METHOD* TlsPipe::method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weft stream");
    BIO_meth_set_read(method, &TlsPipe::bio_read);
    BIO_meth_set_write(method, &TlsPipe::bio_write);
    BIO_meth_set_ctrl(method, &TlsPipe::bio_control);
    return method;
  }();
  return made;
}

BIO* TlsPipe::make_bio() {
  BIO* bio = BIO_new(method());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

IoResult::Kind TlsPipe::pull() {
  if (!in_) in_ = ChunkRef(Chunk::allocate(kReadSize));
  const std::size_t room = in_->capacity() - in_end_;
  IoResult result = inner_->read({in_->data() + in_end_, room});
  may_read_ = false;
  if (result.kind == IoResult::Kind::Done) {
    if (bytes_received_ < first_.size()) {
      const std::size_t size = std::min(result.size, first_.size() - bytes_received_);
      std::memcpy(first_.data() + bytes_received_, in_->data() + in_end_, size);
    }
    in_end_ += result.size;
    bytes_received_ += result.size;
  } else {
    if (result.kind == IoResult::Kind::End) ended_ = true;
    if (result.kind == IoResult::Kind::Failed) read_error_ = std::move(result.error);
    if (in_begin_ == in_end_) in_ = {};
  }
  return result.kind;
}

std::size_t TlsPipe::take(std::span<char> into) noexcept {
  const std::size_t size = std::min(into.size(), in_end_ - in_begin_);
  std::memcpy(into.data(), in_->data() + in_begin_, size);
  in_begin_ += size;
  if (in_begin_ == in_end_) {
    in_ = {};
    in_begin_ = in_end_ = 0;
  }
  return size;
}

int TlsPipe::bio_read(BIO* bio, char* into, int size) {
  auto& self = *static_cast<TlsPipe*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  if (self.received().empty()) {
    if (self.ended_ || !self.read_error_.ok()) return 0;
    const bool blocked = !self.may_read_ || self.pull() == IoResult::Kind::WouldBlock;
    if (blocked) BIO_set_retry_read(bio);
    if (self.received().empty()) return blocked ? -1 : 0;
  }
  return static_cast<int>(self.take({into, static_cast<std::size_t>(size)}));
}

int TlsPipe::bio_write(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  auto& self = *static_cast<TlsPipe*>(BIO_get_data(bio));
  self.append({from, static_cast<std::size_t>(size)});
  return size;
}

long TlsPipe::bio_control(BIO* bio, int command, long, void*) {
  auto& self = *static_cast<TlsPipe*>(BIO_get_data(bio));
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return self.received().empty() && (self.ended_ || !self.read_error_.ok()) ? 1 : 0;
    default:
      return 0;
  }
}

void TlsPipe::append(std::string_view bytes) {
  const std::size_t waiting = out_end_ - out_begin_;
  if (!out_ || out_->capacity() - out_end_ < bytes.size()) {
    // Twice as much when it grows, so that bytes are moved a constant number of times.
    const std::size_t needed = waiting + bytes.size();
    if (!out_ || needed > out_->capacity()) {
      ChunkRef larger(Chunk::allocate(needed > kWriteSize ? needed * 2 : kWriteSize));
      if (waiting > 0) std::memcpy(larger->data(), out_->data() + out_begin_, waiting);
      out_ = std::move(larger);
    } else {
      std::memmove(out_->data(), out_->data() + out_begin_, waiting);
    }
    out_begin_ = 0;
    out_end_ = waiting;
  }
  std::memcpy(out_->data() + out_end_, bytes.data(), bytes.size());
  out_end_ += bytes.size();
}

IoResult::Kind TlsPipe::flush() noexcept {
  while (out_begin_ < out_end_) {
    if (!write_error_.ok()) return IoResult::Kind::Failed;
    const iovec slice{.iov_base = out_->data() + out_begin_, .iov_len = out_end_ - out_begin_};
    IoResult result = inner_->write({&slice, 1});
    if (result.kind == IoResult::Kind::Failed) write_error_ = std::move(result.error);
    if (result.kind != IoResult::Kind::Done) return result.kind;
    out_begin_ += result.size;
    bytes_sent_ += result.size;
    // A socket that took only a part has no room: asking again would cost a system call.
    if (out_begin_ < out_end_) return IoResult::Kind::WouldBlock;
  }
  out_ = {};
  out_begin_ = out_end_ = 0;
  return IoResult::Kind::Done;
}

}  // namespace weft::net::internal
