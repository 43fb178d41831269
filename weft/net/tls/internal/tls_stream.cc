#include "weft/net/tls/internal/tls_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "weft/net/socket/internal/lingering_close.h"
#include "weft/net/socket/internal/socket_error.h"
#include "weft/net/tls/internal/openssl_section.h"

namespace weft::net::internal {
namespace {

// The largest plaintext of a record (RFC 8446 section 5.1).
constexpr std::size_t kRecord = std::size_t{16} << 10;
// Ciphertext that may come without any data: a record that is not complete, session tickets, and
// key updates, of which each costs microseconds and 27 bytes.
constexpr std::size_t kMostWithoutData = std::size_t{64} << 10;
// What answers to the peer (key updates) may add to waiting ciphertext while it does not read.
constexpr std::size_t kMostAnswers = std::size_t{256} << 10;

IoResult done(std::size_t size) {
  return {.kind = IoResult::Kind::Done, .size = size, .error = {}};
}

/// Takes slices apart into pieces of at most a record: a long one as it is, short ones gathered
/// into a block of the thread's pool.
class Records {
 public:
  explicit Records(std::span<const iovec> slices) noexcept : slices_(slices) { skip_empty(); }

  std::span<const char> next() {
    if (slices_.empty()) return {};
    const std::span<const char> first = rest_of_first();
    if (first.size() >= kRecord || slices_.size() == 1) {
      advance(std::min(first.size(), kRecord));
      return first.first(std::min(first.size(), kRecord));
    }
    if (!block_) block_ = ChunkRef(Chunk::allocate(kRecord));
    std::size_t size = 0;
    while (size < kRecord && !slices_.empty()) {
      const std::span<const char> part = rest_of_first();
      const std::size_t taken = std::min(part.size(), kRecord - size);
      std::memcpy(block_->data() + size, part.data(), taken);
      size += taken;
      advance(taken);
    }
    return {block_->data(), size};
  }

 private:
  std::span<const char> rest_of_first() const noexcept {
    const iovec& slice = slices_.front();
    return std::span(static_cast<const char*>(slice.iov_base), slice.iov_len).subspan(used_);
  }
  void advance(std::size_t size) noexcept {
    used_ += size;
    skip_empty();
  }
  void skip_empty() noexcept {
    while (!slices_.empty() && used_ == slices_.front().iov_len) {
      slices_ = slices_.subspan(1);
      used_ = 0;
    }
  }

  std::span<const iovec> slices_;
  std::size_t used_ = 0;
  ChunkRef block_;
};

}  // namespace

TlsStream::TlsStream(Loop& loop, std::unique_ptr<TlsPipe> pipe, std::unique_ptr<TlsNotes> notes,
                     Owned<SSL> ssl)
    : loop_(loop),
      pipe_(std::move(pipe)),
      notes_(std::move(notes)),
      ssl_(std::move(ssl)),
      local_(pipe_->inner().local_address()),
      peer_(pipe_->inner().peer_address()) {
  notes_->attach(ssl_.get());
  pipe_->inner().set_handler(this);
}

TlsStream::~TlsStream() {
  close();
  const OpenSslSection section;
  ssl_.reset();
}

IoResult TlsStream::handshake() noexcept {
  if (!error_.ok()) return failed(error_);
  const OpenSslSection section;
  pipe_->allow_reading();
  clear_openssl_errors();
  const int result = SSL_do_handshake(ssl_.get());
  const int kind = SSL_get_error(ssl_.get(), result);
  Status failure;
  if (result != 1 && kind != SSL_ERROR_WANT_READ) failure = tls_failure(ssl_.get(), *pipe_);
  if (flush() == IoResult::Kind::Failed && failure.ok()) {
    failure = result == 1 ? written_failure() : pipe_->write_error();
  }
  if (!failure.ok()) return failed(std::move(failure));
  if (result == 1) return done(1);
  return {};
}

void TlsStream::want_handshake() noexcept {
  wants_read_ = true;
  pipe_->inner().want_read();
}

IoResult::Kind TlsStream::flush() noexcept {
  const IoResult::Kind kind = pipe_->flush();
  if (kind == IoResult::Kind::WouldBlock) {
    pipe_->inner().want_write();
  } else if (kind == IoResult::Kind::Done && shutting_down_) {
    pipe_->inner().shutdown_write();
  }
  return kind;
}

IoResult TlsStream::failed(Status error) {
  if (error_.ok()) error_ = std::move(error);
  return {.kind = IoResult::Kind::Failed, .size = 0, .error = error_};
}

IoResult TlsStream::read(std::span<char> into) noexcept {
  if (closed_) return failed(connection_error(peer_, EBADF));
  if (!error_.ok()) return failed(error_);
  if (into.empty()) return {};
  if (ended_) return {.kind = IoResult::Kind::End, .size = 0, .error = {}};
  const OpenSslSection section;
  pipe_->allow_reading();
  const std::size_t used = pipe_->bytes_used();
  std::size_t size = 0;
  int result = 1;
  clear_openssl_errors();
  do {
    std::size_t taken = 0;
    result = SSL_read_ex(ssl_.get(), into.data() + size, into.size() - size, &taken);
    size += taken;
  } while (result == 1 && size < into.size() && (has_buffered() || pipe_->may_read()));
  IoResult stopped;
  if (result != 1) stopped = read_stopped(result);
  // A key update is answered, a failure alerted. What the write itself comes to, write() will say.
  if (!pipe_->unsent().empty()) flush();
  return check_use(size, pipe_->bytes_used() - used, std::move(stopped));
}

/// What a read comes to, unless the peer only keeps this side busy.
IoResult TlsStream::check_use(std::size_t plaintext, std::size_t ciphertext, IoResult stopped) {
  without_data_ = plaintext > 0 ? 0 : without_data_ + ciphertext;
  if (without_data_ > kMostWithoutData) {
    return failed(tls_status(*notes_, "more than " + std::to_string(kMostWithoutData) +
                                          " bytes of TLS messages without data"));
  }
  if (pipe_->unsent().size() > kMostUnsent + kMostAnswers) {
    return failed(tls_status(*notes_, "the peer asks for TLS key updates and does not read"));
  }
  return plaintext > 0 ? done(plaintext) : std::move(stopped);
}

/// Why there is nothing more to read.
IoResult TlsStream::read_stopped(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {};
    case SSL_ERROR_ZERO_RETURN:
      ended_ = true;
      return {.kind = IoResult::Kind::End, .size = 0, .error = {}};
    default:
      break;
  }
  const bool cut = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  if (cut && pipe_->ended()) {
    clear_openssl_errors();
    ended_ = cut_ = true;
    return {.kind = IoResult::Kind::End, .size = 0, .error = {}};
  }
  return failed(tls_failure(ssl_.get(), *pipe_));
}

IoResult TlsStream::write(std::span<const iovec> slices) noexcept {
  if (closed_) return failed(connection_error(peer_, EBADF));
  if (!error_.ok()) return failed(error_);
  if (shutting_down_) {
    return {.kind = IoResult::Kind::Failed, .size = 0, .error = connection_error(peer_, EPIPE)};
  }
  const OpenSslSection section;
  const std::uint64_t sent = pipe_->bytes_sent();
  Records records(slices);
  std::size_t size = 0;
  bool full = false;
  while (!full) {
    if (pipe_->unsent().size() >= kMostUnsent && flush() != IoResult::Kind::Done) {
      full = pipe_->unsent().size() >= kMostUnsent || !pipe_->write_error().ok();
      if (full) break;
    }
    const std::span<const char> record = records.next();
    if (record.empty()) break;
    if (!write_record(record)) {
      IoResult failure = failed(tls_failure(ssl_.get(), *pipe_));
      return size > 0 && pipe_->bytes_sent() != sent ? done(size) : std::move(failure);
    }
    size += record.size();
  }
  const bool broken = flush() == IoResult::Kind::Failed;
  // The peer may have some of it. The next write or read says what has happened.
  if (broken && (size == 0 || pipe_->bytes_sent() == sent)) return failed(written_failure());
  return size > 0 ? done(size) : IoResult{};
}

bool TlsStream::write_record(std::span<const char> plaintext) {
  clear_openssl_errors();
  std::size_t written = 0;
  // The pipe takes whatever comes, so a record is written whole or not at all.
  return SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) == 1;
}

/// A peer that refuses a connection sends an alert and closes. What was written meanwhile fails,
/// but the alert is what tells why.
Status TlsStream::written_failure() {
  pipe_->allow_reading();
  clear_openssl_errors();
  char ignored = 0;
  const int result = SSL_peek(ssl_.get(), &ignored, 1);
  if (result <= 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_SSL && !pipe_->ended() &&
      pipe_->read_error().ok()) {
    return tls_failure(ssl_.get(), *pipe_);
  }
  clear_openssl_errors();
  return pipe_->write_error();
}

/// Not SSL_has_pending(), which counts the part of a record whose rest is not there yet.
bool TlsStream::has_buffered() const noexcept {
  return SSL_pending(ssl_.get()) > 0 || !pipe_->received().empty();
}

void TlsStream::want_read() noexcept {
  if (closed_) return;
  wants_read_ = true;
  // In a later turn, never from inside this call.
  if (ended_ || !error_.ok() || has_buffered()) {
    if (!later_.armed()) loop_.arm(later_, loop_.now());
  } else {
    pipe_->inner().want_read();
  }
}

void TlsStream::want_write() noexcept {
  if (closed_) return;
  wants_write_ = true;
  pipe_->inner().want_write();
}

void TlsStream::tell_readable() noexcept {
  if (!std::exchange(wants_read_, false)) return;
  later_.cancel();
  if (handler_ != nullptr) handler_->on_readable();
}

void TlsStream::on_writable() noexcept {
  if (!pipe_->unsent().empty()) flush();
  const bool room = pipe_->unsent().size() < kMostUnsent || !pipe_->write_error().ok();
  if (room && std::exchange(wants_write_, false) && handler_ != nullptr) handler_->on_writable();
}

void TlsStream::shutdown_write() noexcept {
  if (closed_ || shutting_down_ || !error_.ok()) return;
  shutting_down_ = true;
  const OpenSslSection section;
  clear_openssl_errors();
  SSL_shutdown(ssl_.get());
  clear_openssl_errors();
  flush();
}

/// The close_notify, where TLS is in a state to send one.
void TlsStream::end_tls() noexcept {
  const OpenSslSection section;
  if (error_.ok() && SSL_is_init_finished(ssl_.get()) == 1) {
    // Also because OpenSSL takes a session for broken, and resumes it no more, that ends without.
    if (!shutting_down_) SSL_shutdown(ssl_.get());
    clear_openssl_errors();
  }
}

void TlsStream::close() noexcept {
  if (std::exchange(closed_, true)) return;
  handler_ = nullptr;
  later_.cancel();
  end_tls();
  pipe_->inner().set_handler(nullptr);
  if (pipe_->write_error().ok() && pipe_->flush() == IoResult::Kind::WouldBlock) {
    close_lingering(loop_, pipe_->take_inner(), pipe_->unsent());
  } else {
    pipe_->inner().close();
  }
}

void TlsStream::abort() noexcept {
  if (std::exchange(closed_, true)) return;
  handler_ = nullptr;
  later_.cancel();
  pipe_->inner().set_handler(nullptr);
  pipe_->inner().abort();
}

void TlsStream::abandon() noexcept {
  if (std::exchange(closed_, true)) return;
  handler_ = nullptr;
  pipe_->inner().set_handler(nullptr);
  close_lingering(loop_, pipe_->take_inner(), pipe_->unsent());
}

}  // namespace weft::net::internal
