#include "weft/transaction/lock/internal/holder_name.h"

#include <array>

#include <unistd.h>

#include "weft/transaction/lock/locks.h"

namespace weft::transaction::internal {

Result<std::string> holder_name(std::string given) {
  if (given.size() > Locks::kMostName) {
    return invalid_argument("the name of a holder of locks has at most " +
                            std::to_string(Locks::kMostName) + " bytes, not " +
                            std::to_string(given.size()));
  }
  if (!given.empty()) return given;
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return std::string(host.data()) + ":" + std::to_string(::getpid());
}

}  // namespace weft::transaction::internal
