#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "weft/base/bytes.h"
#include "weft/http1/message/chunk_decoder.h"
#include "weft/http1/message/head.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/message/message_stream.h"

namespace weft::http1 {

/// Whom the reader of a content waits for.
class ContentSource {
 public:
  /// The reader waits for content.
  virtual void on_content_wanted() = 0;
  /// The reader has taken what there was: there is room for more.
  virtual void on_content_taken() = 0;

 protected:
  ~ContentSource() = default;
};

/// The content of a request, between the connection that it comes from and the handler that reads
/// it. It holds one block at most; while that is full the connection is not read.
class RequestContent final : public MessageReader {
 public:
  RequestContent(net::Loop& loop, ContentSource& source) noexcept : loop_(loop), source_(source) {}
  RequestContent(const RequestContent&) = delete;
  RequestContent& operator=(const RequestContent&) = delete;

  /// The limits outlive it. A fault: it is announced to be too long.
  Fault begin(const Framing& framing, const ChunkLimits& chunks, std::uint64_t limit);
  /// From here on it is what the connection carries, to its end: a tunnel.
  void become_raw() noexcept;

  /// Takes what there is room for from the front of `bytes`; not after ended(). A fault ends the
  /// connection.
  Fault take(std::string_view& bytes);
  /// The connection has ended: no more will come.
  void end() noexcept;
  /// What comes is dropped; nobody reads it.
  void discard() noexcept;

  bool ended() const noexcept { return ended_; }
  bool full() const noexcept { return !discards_ && block_ && used_ == block_->capacity(); }
  bool waited_for() const noexcept { return waiting_ != nullptr; }
  std::uint64_t discarded() const noexcept { return discarded_; }
  /// Bytes of content that have come.
  std::uint64_t came() const noexcept { return came_; }
  rpc::HttpFields trailers() const noexcept;
  std::size_t memory() const noexcept;

  // MessageReader
  Poll poll(Message& out) override;
  void wait(Waiter& waiter) noexcept override;
  bool unwait() noexcept override { return std::exchange(waiting_, nullptr) != nullptr; }

 private:
  Fault take_chunks(std::string_view& bytes);
  void take_plain(std::string_view& bytes);
  std::size_t room_for(std::size_t size);
  void keep(std::string_view part);
  Fault too_long() const;
  void wake() noexcept;

  net::Loop& loop_;
  ContentSource& source_;
  Framing::By by_ = Framing::By::Nothing;
  bool ended_ = true;
  bool discards_ = false;
  std::uint64_t left_ = 0;  // of a length
  std::uint64_t limit_ = 0;
  std::uint64_t came_ = 0;
  std::uint64_t discarded_ = 0;
  std::optional<ChunkDecoder> decoder_;
  ChunkRef block_;
  std::size_t used_ = 0;
  Waiter* waiting_ = nullptr;
};

}  // namespace weft::http1
