#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/net/socket/stream.h"
#include "weft/net/tls/internal/openssl.h"

namespace weft::net::internal {

/// The ciphertext between OpenSSL and a Stream, as a BIO. One read of the stream brings many
/// records, one write takes many; both buffers come from the thread's pool and are held only while
/// there is something in them. Stays where it is once its BIO is made.
class TlsPipe {
 public:
  explicit TlsPipe(std::unique_ptr<Stream> inner) noexcept : inner_(std::move(inner)) {}
  TlsPipe(const TlsPipe&) = delete;
  TlsPipe& operator=(const TlsPipe&) = delete;

  /// The BIO refers to this, and an SSL owns it as a rule.
  BIO* make_bio();
  Stream& inner() noexcept { return *inner_; }
  /// Ends the pipe's part; what was received and not yet read stays readable here.
  std::unique_ptr<Stream> take_inner() noexcept { return std::move(inner_); }

  /// Lets the BIO read from the stream once. A second read would as a rule be a system call that
  /// says there is nothing; or the peer is one whose bytes never end, and others have to have a
  /// turn.
  void allow_reading() noexcept { may_read_ = true; }
  bool may_read() const noexcept { return may_read_; }
  /// Reads from the stream once, behind what is there already, without waiting.
  IoResult::Kind pull();
  /// Received and not yet taken by OpenSSL.
  std::string_view received() const noexcept {
    return in_ ? std::string_view(in_->data() + in_begin_, in_end_ - in_begin_)
               : std::string_view();
  }
  bool ended() const noexcept { return ended_; }
  const Status& read_error() const noexcept { return read_error_; }
  std::size_t bytes_received() const noexcept { return bytes_received_; }
  /// Taken by OpenSSL.
  std::size_t bytes_used() const noexcept { return bytes_received_ - received().size(); }
  /// What was received first, at most 24 bytes: it tells who speaks no TLS.
  std::string_view first_bytes() const noexcept {
    return {first_.data(), std::min(bytes_received_, first_.size())};
  }

  /// Ciphertext that waits to be written to the stream.
  std::string_view unsent() const noexcept {
    return out_ ? std::string_view(out_->data() + out_begin_, out_end_ - out_begin_)
                : std::string_view();
  }
  /// Puts bytes behind what waits, however much that is.
  void append(std::string_view bytes);
  /// Writes what waits; WouldBlock: some is left.
  IoResult::Kind flush() noexcept;
  const Status& write_error() const noexcept { return write_error_; }
  /// Taken by the stream.
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

  /// OpenSSL's name for this kind of BIO.
  static BIO_METHOD* method();

 private:
  static int bio_read(BIO* bio, char* into, int size);
  static int bio_write(BIO* bio, const char* from, int size);
  static long bio_control(BIO* bio, int command, long number, void* pointer);
  std::size_t take(std::span<char> into) noexcept;

  std::unique_ptr<Stream> inner_;
  ChunkRef in_;
  ChunkRef out_;
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::size_t out_begin_ = 0;
  std::size_t out_end_ = 0;
  std::size_t bytes_received_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::array<char, 24> first_{};
  bool may_read_ = true;
  bool ended_ = false;
  Status read_error_;
  Status write_error_;
};

}  // namespace weft::net::internal
