#pragma once

#include <memory>

#include "weft/net/loop/internal/descriptor.h"
#include "weft/net/socket/stream.h"

namespace weft::net::internal {

/// A connected TCP or Unix socket.
class SocketStream final : public Stream {
 public:
  /// `fd` is connected, or connecting: then on_writable() tells of the outcome.
  SocketStream(AsioLoop& loop, int fd, Address peer)
      : descriptor_(Descriptor::adopt(loop, fd)), peer_(std::move(peer)) {}
  ~SocketStream() override { descriptor_->close(); }

  int fd() const noexcept { return descriptor_->fd(); }
  void learn_local_address();

  void set_handler(StreamHandler* handler) noexcept override { descriptor_->set_handler(handler); }
  IoResult read(std::span<char> into) noexcept override;
  IoResult write(std::span<const iovec> slices) noexcept override;
  void want_read() noexcept override { descriptor_->want_read(); }
  void want_write() noexcept override { descriptor_->want_write(); }
  void shutdown_write() noexcept override;
  void close() noexcept override { descriptor_->close(); }
  void abort() noexcept override;
  std::size_t unacknowledged() const noexcept override;
  const Address& local_address() const noexcept override { return local_; }
  const Address& peer_address() const noexcept override { return peer_; }

 private:
  IoResult failed(int error) const;

  DescriptorRef descriptor_;
  Address peer_;
  Address local_;
};

}  // namespace weft::net::internal
