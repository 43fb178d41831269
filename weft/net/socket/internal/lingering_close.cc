#include "weft/net/socket/internal/lingering_close.h"

#include <array>
#include <string>
#include <utility>

namespace weft::net::internal {
namespace {

// Several round trips to the other end of the world; what a peer in good health needs.
constexpr Duration kLongest = std::chrono::seconds(2);
// What a peer may still send before it is cut off: no flood keeps the loop busy.
constexpr std::size_t kMostRead = std::size_t{256} << 10;

class Lingering final : private StreamHandler, private Timer, private LoopEndHook {
 public:
  Lingering(Loop& loop, std::unique_ptr<Stream> stream, std::string_view last)
      : Timer([](Timer& timer) noexcept { delete &static_cast<Lingering&>(timer); }),
        stream_(std::move(stream)),
        last_(last) {
    stream_->set_handler(this);
    loop.arm(*this, after(loop.now(), kLongest));
    loop.at_loop_end(*this);
  }

  /// May end this.
  void start() noexcept {
    if (write()) stream_->want_read();
  }

 private:
  void on_loop_end() noexcept override { delete this; }
  void on_writable() noexcept override { write(); }

  void on_readable() noexcept override {
    std::array<char, 4096> ignored;
    const IoResult result = stream_->read(ignored);
    read_ += result.size;
    const bool over = result.kind == IoResult::Kind::End || result.kind == IoResult::Kind::Failed;
    // A peer that has ended may still read what is left to write.
    if (result.kind == IoResult::Kind::Failed || read_ > kMostRead || (over && last_.empty())) {
      delete this;
    } else if (!over) {
      stream_->want_read();
    }
  }

  /// False when this has ended.
  bool write() noexcept {
    while (!last_.empty()) {
      const iovec slice{.iov_base = last_.data(), .iov_len = last_.size()};
      const IoResult result = stream_->write({&slice, 1});
      if (result.kind == IoResult::Kind::Failed) {
        delete this;
        return false;
      }
      if (result.kind == IoResult::Kind::WouldBlock) {
        stream_->want_write();
        return true;
      }
      last_.erase(0, result.size);
    }
    stream_->shutdown_write();
    stream_->want_read();
    return true;
  }

  std::unique_ptr<Stream> stream_;
  std::string last_;
  std::size_t read_ = 0;
};

}  // namespace

void close_lingering(Loop& loop, std::unique_ptr<Stream> stream, std::string_view last) {
  (new Lingering(loop, std::move(stream), last))->start();
}

}  // namespace weft::net::internal
