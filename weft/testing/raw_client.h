#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "weft/net/sim/sim_loop.h"
#include "weft/net/socket/stream.h"

namespace weft::testing {

/// Sends bytes from a host of a simulated network, and keeps what comes back.
class RawClient final : private net::StreamHandler {
 public:
  RawClient(net::SimLoop& host, std::unique_ptr<net::Stream> stream)
      : host_(host), stream_(std::move(stream)) {
    stream_->set_handler(this);
    host_.enter([this] { stream_->want_read(); });
  }
  ~RawClient() {
    host_.enter([this] { stream_->close(); });
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes) {
    unsent_.append(bytes);
    host_.enter([this] { write(); });
  }
  void shutdown_write() {
    host_.enter([this] { stream_->shutdown_write(); });
  }
  void close() {
    host_.enter([this] { stream_->close(); });
  }
  void set_reading(bool reading) {
    reading_ = reading;
    if (reading_) host_.enter([this] { read(); });
  }
  /// Bytes that wait for room in the connection.
  std::size_t unsent() const noexcept { return unsent_.size(); }
  /// All so far.
  const std::string& received() const noexcept { return received_; }
  /// What came since the last time.
  std::string take() { return std::exchange(received_, {}); }
  bool ended() const noexcept { return ended_; }
  /// By a reset.
  bool broken() const noexcept { return broken_; }

 private:
  void on_readable() noexcept override { read(); }
  void on_writable() noexcept override { write(); }
  void read() {
    std::array<char, 4096> buffer;
    while (reading_ && !ended_) {
      const net::IoResult result = stream_->read(buffer);
      if (result.kind == net::IoResult::Kind::WouldBlock) return stream_->want_read();
      if (result.kind != net::IoResult::Kind::Done) {
        ended_ = true;
        broken_ = result.kind == net::IoResult::Kind::Failed;
        return;
      }
      received_.append(buffer.data(), result.size);
    }
  }
  void write() {
    while (!unsent_.empty()) {
      const iovec slice{.iov_base = unsent_.data(), .iov_len = unsent_.size()};
      const net::IoResult result = stream_->write({&slice, 1});
      if (result.kind == net::IoResult::Kind::WouldBlock) return stream_->want_write();
      if (result.kind != net::IoResult::Kind::Done) return unsent_.clear();
      unsent_.erase(0, result.size);
    }
  }

  net::SimLoop& host_;
  std::unique_ptr<net::Stream> stream_;
  std::string unsent_;
  std::string received_;
  bool reading_ = true;
  bool ended_ = false;
  bool broken_ = false;
};

}  // namespace weft::testing
