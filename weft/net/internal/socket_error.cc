#include "weft/net/internal/socket_error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <unistd.h>

#include "weft/base/ascii.h"

namespace weft::net::internal {

namespace {

/// In English whatever LC_MESSAGES says, where the library can.
std::string system_text(int error) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
  if (const char* const text = ::strerrordesc_np(error); text != nullptr) return text;
#endif
  return std::generic_category().message(error);
}

}  // namespace

std::string as_clause(std::string text) {
  if (text.size() > 1 && ascii::is_lower(text[1])) text[0] = ascii::lower(text[0]);
  return text;
}

std::string error_text(int error) {
  switch (error) {
    case EADDRINUSE:
      return "address in use";
    case EBADF:
      return "the stream is closed";
    case EADDRNOTAVAIL:
      return "the address is none of this machine's";
    case ETIMEDOUT:
      return "timed out";
    case ENOENT:
      return "no such socket file";
    default:
      break;
  }
  return as_clause(system_text(error));
}

Status connection_error(const Address& peer, int error) {
  return Status(StatusCode::Unavailable, peer.to_string() + ": " + error_text(error),
                Origin::Transport);
}

Status listen_error(const Address& address, int error) {
  const std::string text = address.to_string() + ": " + error_text(error);
  switch (error) {
    case EACCES:
    case EPERM:
      return permission_denied(text);
    case EADDRINUSE:
      return already_exists(text);
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case ENAMETOOLONG:
      return invalid_argument(text);
    default:
      return unavailable(text);
  }
}

}  // namespace weft::net::internal
