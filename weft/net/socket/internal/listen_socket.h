#pragma once

#include "weft/base/result.h"
#include "weft/net/loop/loop.h"

namespace weft::net::internal {

/// A bound, listening, non-blocking socket; closes it, and removes the file of a Unix socket if it
/// is still the one that was made.
class ListenSocket {
 public:
  static Result<ListenSocket> open(const Address& address, const ListenOptions& options);
  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&&) = delete;
  ~ListenSocket();

  int fd() const noexcept { return fd_; }
  const Address& address() const noexcept { return address_; }
  /// Hands over the file descriptor; the file of a Unix socket stays this object's to remove.
  int take_fd() noexcept { return std::exchange(fd_, -1); }
  void remove_file() noexcept;

 private:
  ListenSocket(int fd, Address address) : fd_(fd), address_(std::move(address)) {}
  Status bind(const ListenOptions& options);
  void remember_file() noexcept;

  int fd_;
  Address address_;
  // Which file a Unix socket made, so that a successor's is left alone; 0 where there is none.
  std::uint64_t file_device_ = 0;
  std::uint64_t file_inode_ = 0;
};

}  // namespace weft::net::internal
