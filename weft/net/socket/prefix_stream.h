#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/net/socket/stream.h"

namespace weft::net {

/// A stream with some bytes already read: read() gives these first.
class PrefixStream final : public Stream, private StreamHandler {
 public:
  PrefixStream(Loop& loop, std::unique_ptr<Stream> inner, std::string_view prefix)
      : loop_(loop), inner_(std::move(inner)), prefix_(prefix) {
    inner_->set_handler(this);
  }
  ~PrefixStream() override { close(); }

  void set_handler(StreamHandler* handler) noexcept override { handler_ = handler; }
  IoResult read(std::span<char> into) noexcept override;
  IoResult write(std::span<const iovec> slices) noexcept override { return inner_->write(slices); }
  void want_read() noexcept override;
  void want_write() noexcept override { inner_->want_write(); }
  void shutdown_write() noexcept override { inner_->shutdown_write(); }
  void close() noexcept override;
  void abort() noexcept override;
  std::size_t unacknowledged() const noexcept override { return inner_->unacknowledged(); }
  bool ended_cleanly() const noexcept override { return inner_->ended_cleanly(); }
  const Address& local_address() const noexcept override { return inner_->local_address(); }
  const Address& peer_address() const noexcept override { return inner_->peer_address(); }
  std::shared_ptr<const TlsInfo> tls() const noexcept override { return inner_->tls(); }

 private:
  void leave() noexcept;
  struct Later : Timer {
    explicit Later(PrefixStream& owner) noexcept
        : Timer([](Timer& timer) noexcept { static_cast<Later&>(timer).self.on_readable(); }),
          self(owner) {}
    PrefixStream& self;
  };
  void on_readable() noexcept override {
    if (handler_ != nullptr) handler_->on_readable();
  }
  void on_writable() noexcept override {
    if (handler_ != nullptr) handler_->on_writable();
  }

  Loop& loop_;
  std::unique_ptr<Stream> inner_;
  std::string prefix_;
  StreamHandler* handler_ = nullptr;
  Later later_{*this};
};

}  // namespace weft::net
