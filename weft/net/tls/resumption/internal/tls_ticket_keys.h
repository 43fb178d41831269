#pragma once

#include <array>
#include <mutex>
#include <span>

#include "weft/base/fork_mutex.h"
#include "weft/net/tls/internal/openssl.h"
#include "weft/net/tls/internal/tls_settings.h"

namespace weft::net::internal {

/// The keys that seal a server's session tickets (RFC 5077 section 4). A key seals for twelve hours
/// and opens for twelve more, so that one that is stolen tells little. Safe from any thread.
class TlsTicketKeys {
 public:
  explicit TlsTicketKeys(SystemClock clock);
  TlsTicketKeys(const TlsTicketKeys&) = delete;
  TlsTicketKeys& operator=(const TlsTicketKeys&) = delete;
  ~TlsTicketKeys();

  using Name = std::span<unsigned char, 16>;
  /// As SSL_CTX_set_tlsext_ticket_key_evp_cb() wants them: 1 for done, 0 for a key that is not
  /// known (any more), -1 for an error.
  int seal(Name name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  int open(Name name, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);

 private:
  struct Key {
    std::array<unsigned char, 16> name{};
    std::array<unsigned char, 32> cipher{};
    std::array<unsigned char, 32> mac{};
    bool made = false;
  };
  bool make(Key& key);
  bool rotate();
  static bool start_mac(EVP_MAC_CTX* mac, Key& key);

  const SystemClock clock_;
  ForkMutex mutex_;
  Key current_;
  Key previous_;
  SystemTime since_{};
};

}  // namespace weft::net::internal
