#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft::nats {

/// Bytes that the system has not taken yet. The part that was taken is dropped when it is as long
/// as the rest, so that moving the rest costs each byte at most one copy.
class Output {
 public:
  /// To be appended to.
  std::string& bytes() noexcept { return bytes_; }
  std::string_view unsent() const noexcept { return std::string_view(bytes_).substr(sent_); }
  std::size_t size() const noexcept { return bytes_.size() - sent_; }

  /// The system has taken the first `count` bytes of unsent().
  void note_sent(std::size_t count) {
    sent_ += count;
    if (sent_ == bytes_.size()) {
      clear();
    } else if (sent_ >= kKept && sent_ >= size()) {
      bytes_.erase(0, sent_);
      sent_ = 0;
    }
  }
  void clear() {
    sent_ = 0;
    bytes_.clear();
    // An assignment would keep the memory.
    if (bytes_.capacity() > kKept) std::string().swap(bytes_);
  }

 private:
  /// Memory that an idle connection keeps, and sent bytes that are not worth a move.
  static constexpr std::size_t kKept = std::size_t{256} << 10;

  std::string bytes_;
  std::size_t sent_ = 0;
};

}  // namespace weft::nats
