#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace weft::attacks {

/// A server with default options and one loop, in a process of its own.
class Served {
 public:
  Served();
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  /// Ends the process.
  ~Served();

  std::uint16_t port() const noexcept { return port_; }
  /// Resident bytes of the process now, and the most since reset_peak(). 0 once it is gone.
  std::size_t resident() const;
  std::size_t peak() const;
  void reset_peak() const;

 private:
  pid_t child_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace weft::attacks
