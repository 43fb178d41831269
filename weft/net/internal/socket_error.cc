#include "weft/net/internal/socket_error.h"

#include <cctype>
#include <cerrno>
#include <system_error>

namespace weft::net::internal {

std::string as_clause(std::string text) {
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
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
  return as_clause(std::generic_category().message(error));
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
