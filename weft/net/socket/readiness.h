#pragma once

#include <memory>

#include "weft/net/loop/loop.h"
#include "weft/net/socket/stream.h"

namespace weft::net {

/// Reports to a StreamHandler when a socket of somebody else's, as a C library's, can be read or
/// written. It watches a duplicate of the descriptor, so the library may close or replace its own
/// at any time; the connection then stays open until this object is gone. For the thread of a loop
/// that is not simulated.
class Readiness {
 public:
  /// `fd` is non-blocking. Where the system gives no descriptor, that is logged and nothing is
  /// reported: ask watches().
  Readiness(Loop& loop, int fd, StreamHandler& handler);
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;
  /// The handler is not called again.
  ~Readiness();

  bool watches() const noexcept;
  /// One call of on_readable(): also where there was something to read before.
  void want_read() noexcept;
  /// For who knows that all there was has been read: the next want_read() is no system call then,
  /// and is answered by what comes after this.
  void drained() noexcept;
  /// One call of on_writable().
  void want_write() noexcept;

 private:
  struct Watched;
  std::unique_ptr<Watched> watched_;
};

}  // namespace weft::net
