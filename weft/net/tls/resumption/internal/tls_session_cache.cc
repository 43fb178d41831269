#include "weft/net/tls/resumption/internal/tls_session_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weft::net::internal {
namespace {

// A server gives two tickets with each handshake as a rule; more than a few are never used.
constexpr std::size_t kPerServer = 4;

}  // namespace

void TlsSessionCache::erase(
    std::multimap<std::string, Entries::iterator, std::less<>>::iterator found) {
  entries_.erase(found->second);
  by_server_.erase(found);
}

void TlsSessionCache::put(const std::string& server, Owned<SSL_SESSION> session,
                          SystemTime expiry) {
  const std::lock_guard lock(mutex_);
  // Those of a server are in the order they came.
  if (by_server_.count(server) >= kPerServer) erase(by_server_.lower_bound(server));
  if (entries_.size() >= limit_) {
    const auto [first, last] = by_server_.equal_range(entries_.front().server);
    erase(std::find_if(first, last,
                       [this](const auto& item) { return item.second == entries_.begin(); }));
  }
  entries_.push_back({.server = server, .session = std::move(session), .expiry = expiry});
  by_server_.emplace(server, std::prev(entries_.end()));
}

TlsSessionCache::Taken TlsSessionCache::take(const std::string& server, SystemTime now) {
  const std::lock_guard lock(mutex_);
  while (true) {
    const auto [first, last] = by_server_.equal_range(server);
    if (first == last) return {};
    const auto newest = std::prev(last);
    Entry& entry = *newest->second;
    SSL_SESSION* session = entry.session.get();
    const auto until = std::chrono::system_clock::from_time_t(SSL_SESSION_get_time(session) +
                                                              SSL_SESSION_get_timeout(session));
    if (std::min(until, entry.expiry) <= now || SSL_SESSION_is_resumable(session) == 0) {
      erase(newest);
      continue;
    }
    Taken taken{.session = nullptr, .expiry = entry.expiry};
    if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION) {
      taken.session = std::move(entry.session);
      erase(newest);
    } else {
      SSL_SESSION_up_ref(session);
      taken.session.reset(session);
    }
    return taken;
  }
}

std::size_t TlsSessionCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace weft::net::internal
