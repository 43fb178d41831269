#pragma once

#include <list>
#include <map>
#include <mutex>
#include <string>

#include "weft/base/fork_mutex.h"
#include "weft/net/tls/internal/openssl.h"

namespace weft::net::internal {

/// A client's sessions to resume, by server. Bounded; the oldest go first. Safe from any thread.
class TlsSessionCache {
 public:
  explicit TlsSessionCache(std::size_t limit = 1024) noexcept : limit_(limit) {}

  /// `expiry`: of the server's certificate chain, past which the session must not be used.
  void put(const std::string& server, Owned<SSL_SESSION> session, SystemTime expiry);

  struct Taken {
    Owned<SSL_SESSION> session;
    SystemTime expiry;
  };
  /// The newest session that is good at `now`; null without one. One of TLS 1.3 is given out once,
  /// so that connections cannot be linked by it (RFC 8446 appendix C.4).
  Taken take(const std::string& server, SystemTime now);
  std::size_t size() const;

 private:
  struct Entry {
    std::string server;
    Owned<SSL_SESSION> session;
    SystemTime expiry;
  };
  using Entries = std::list<Entry>;

  mutable ForkMutex mutex_;
  const std::size_t limit_;
  Entries entries_;  // oldest first
  std::multimap<std::string, Entries::iterator, std::less<>> by_server_;

  void erase(std::multimap<std::string, Entries::iterator, std::less<>>::iterator found);
};

}  // namespace weft::net::internal
