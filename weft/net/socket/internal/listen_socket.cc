#include "weft/net/socket/internal/listen_socket.h"

#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/net/socket/internal/socket_address.h"
#include "weft/net/socket/internal/socket_connect.h"
#include "weft/net/socket/internal/socket_error.h"

namespace weft::net::internal {
namespace {

bool has_file(const Address& address) {
  return address.family() == Address::Family::Unix && !address.host().starts_with('@');
}

/// Whether somebody answers at this Unix socket; a file left behind by a process that died refuses.
bool somebody_listens(const SocketAddress& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;
  const bool refused = ::connect(fd, address.get(), address.size) != 0 && errno == ECONNREFUSED;
  ::close(fd);
  return !refused;
}

/// 0 or an error number. A stale socket file is removed and the bind repeated.
int bind_socket(int fd, const Address& address, const SocketAddress& target) {
  if (::bind(fd, target.get(), target.size) == 0) return 0;
  const int error = errno;
  if (error != EADDRINUSE || !has_file(address)) return error;
  struct stat file {};
  if (::lstat(address.host().c_str(), &file) != 0) return error;
  if (!S_ISSOCK(file.st_mode)) return EEXIST;
  if (somebody_listens(target)) return error;
  ::unlink(address.host().c_str());
  return ::bind(fd, target.get(), target.size) == 0 ? 0 : errno;
}

void set_option(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof(value));
}

}  // namespace

Result<ListenSocket> ListenSocket::open(const Address& address, const ListenOptions& options) {
  const Result<SocketAddress> target = SocketAddress::from(address);
  if (!target) return target.status();
  const int fd = ::socket(target->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return listen_error(address, errno);
  ListenSocket listening(fd, address);
  Status status = listening.bind(options);
  if (!status.ok()) return status;
  return listening;
}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(std::move(other.address_)),
      file_device_(other.file_device_),
      file_inode_(std::exchange(other.file_inode_, 0)) {}

ListenSocket::~ListenSocket() {
  remove_file();
  if (fd_ >= 0) ::close(fd_);
}

Status ListenSocket::bind(const ListenOptions& options) {
  const Result<SocketAddress> target = SocketAddress::from(address_);
  if (address_.family() != Address::Family::Unix) {
    set_option(fd_, SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port) set_option(fd_, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (address_.family() == Address::Family::Ipv6) {
    // "::" also takes IPv4; a certain address is what it says.
    set_option(fd_, IPPROTO_IPV6, IPV6_V6ONLY, address_.host() == "::" ? 0 : 1);
  }
  const int error = bind_socket(fd_, address_, *target);
  if (error == EEXIST)
    return already_exists(address_.to_string() + ": a file that is no socket is in the way");
  if (error != 0) return listen_error(address_, error);
  if (has_file(address_)) {
    remember_file();
    if (options.unix_mode != 0 && ::chmod(address_.host().c_str(), options.unix_mode) != 0) {
      return listen_error(address_, errno);
    }
  }
  if (::listen(fd_, options.backlog) != 0) return listen_error(address_, errno);
  address_ = local_address_of(fd_);
  return ok_status();
}

void ListenSocket::remember_file() noexcept {
  struct stat file {};
  if (::lstat(address_.host().c_str(), &file) != 0) return;
  file_device_ = file.st_dev;
  file_inode_ = file.st_ino;
}

void ListenSocket::remove_file() noexcept {
  const std::uint64_t inode = std::exchange(file_inode_, 0);
  if (inode == 0) return;
  struct stat file {};
  if (::lstat(address_.host().c_str(), &file) == 0 && file.st_dev == file_device_ &&
      file.st_ino == inode) {
    ::unlink(address_.host().c_str());
  }
}

}  // namespace weft::net::internal
