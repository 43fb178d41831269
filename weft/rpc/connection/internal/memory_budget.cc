#include "weft/rpc/connection/internal/memory_budget.h"

#include <string>

namespace weft::rpc {

namespace {

constexpr std::size_t kMiB = std::size_t{1024} * 1024;

/// Message sizes may be SIZE_MAX, which stands for no limit.
constexpr std::size_t times(std::size_t n, std::size_t factor) noexcept {
  return n > SIZE_MAX / factor ? SIZE_MAX : n * factor;
}

}  // namespace

std::size_t connection_memory_limit(const ServerOptions& options) noexcept {
  if (options.max_connection_memory != 0) return options.max_connection_memory;
  return std::max(256 * kMiB, times(options.max_receive_size, 8));
}

std::size_t server_memory_limit(const ServerOptions& options) noexcept {
  if (options.max_memory != 0) return options.max_memory;
  return std::max(1024 * kMiB, times(connection_memory_limit(options), 4));
}

Status ConnectionMemory::refuse() const {
  if (held() > limit_) {
    return resource_exhausted("the connection holds " + std::to_string(held()) +
                              " bytes of the server's memory, its limit is " +
                              std::to_string(limit_) + " (ServerOptions::max_connection_memory)");
  }
  if (!crowded_out()) return {};
  return resource_exhausted("the server holds " + std::to_string(server().held()) +
                            " bytes for its clients, of at most " +
                            std::to_string(server().limit()) + ", and this connection " +
                            std::to_string(held()) + " of them (ServerOptions::max_memory)");
}

}  // namespace weft::rpc
