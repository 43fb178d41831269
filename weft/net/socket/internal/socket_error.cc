#include "weft/net/socket/internal/socket_error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <unistd.h>

#include "weft/base/text/ascii.h"

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
      return "the address is not one of this machine's";
    case ETIMEDOUT:
      return "timed out";
    case ENOENT:
      return "no such socket file";
    default:
      break;
  }
  return as_clause(system_text(error));
}

namespace {

/// The folder of a Unix socket's path; empty where the path names none.
std::string folder_of(const Address& address) {
  const std::string& path = address.host();
  const std::size_t slash = path.rfind('/');
  const bool has = address.family() == Address::Family::Unix && slash != std::string::npos;
  return has ? path.substr(0, std::max<std::size_t>(slash, 1)) : std::string();
}

/// error_text(), and which part of a path is missing.
std::string error_at(const Address& address, int error) {
  if (error != ENOENT) return error_text(error);
  const std::string folder = folder_of(address);
  if (folder.empty() || ::access(folder.c_str(), F_OK) == 0) return error_text(error);
  return "no such folder: " + folder;
}

}  // namespace

Status connection_error(const Address& peer, int error) {
  return Status(StatusCode::Unavailable, peer.to_string() + ": " + error_at(peer, error),
                Origin::Transport);
}

Status listen_error(const Address& address, int error) {
  const std::string text = address.to_string() + ": " + error_at(address, error);
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
