#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"
#include "weft/net/socket/stream.h"

namespace weft::net {

/// Reads and writes a Stream from coroutines: one that reads and one that writes at a time. While
/// it lives it is the stream's handler. Belongs to the stream's loop; neither outlives the stream
/// nor is destroyed while a coroutine waits in it.
class StreamIo final : private StreamHandler {
 public:
  StreamIo(Loop& loop, Stream& stream) noexcept : loop_(loop), stream_(stream) {
    stream_.set_handler(this);
  }
  StreamIo(const StreamIo&) = delete;
  StreamIo& operator=(const StreamIo&) = delete;
  ~StreamIo() { stream_.set_handler(nullptr); }

  /// Waits for bytes and reads at most `into.size()`; 0 at the end. Ends with the awaiting Context
  /// as well.
  Task<Result<std::size_t>> read(std::span<char> into);
  /// Writes all of `bytes`, which outlive the task.
  Task<Status> write(std::string_view bytes);

 private:
  void on_readable() noexcept override {
    if (reading_ != nullptr) reading_->complete();
  }
  void on_writable() noexcept override {
    if (writing_ != nullptr) writing_->complete();
  }

  Loop& loop_;
  Stream& stream_;
  Wait* reading_ = nullptr;
  Wait* writing_ = nullptr;
};

}  // namespace weft::net
