#include "weft/net/tls/resumption/internal/tls_ticket_keys.h"

#include <algorithm>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace weft::net::internal {
namespace {

// Longer than a session lives (two hours), so that no ticket dies of it early.
constexpr auto kSealing = std::chrono::hours(12);

}  // namespace

TlsTicketKeys::TlsTicketKeys(SystemClock clock) : clock_(std::move(clock)) {}

TlsTicketKeys::~TlsTicketKeys() {
  OPENSSL_cleanse(&current_, sizeof(current_));
  OPENSSL_cleanse(&previous_, sizeof(previous_));
}

bool TlsTicketKeys::make(Key& key) {
  key.made = RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1 &&
             RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) == 1 &&
             RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) == 1;
  return key.made;
}

/// Sees to it that the current key is one to use now.
bool TlsTicketKeys::rotate() {
  const SystemTime now = clock_();
  // A clock that was set back makes new keys too, rather than keep the old for who knows how long.
  if (current_.made && now >= since_ && now - since_ < kSealing) return true;
  const bool recent = now >= since_ && now - since_ < 2 * kSealing;
  previous_ = recent ? current_ : Key{};
  since_ = now;
  return make(current_);
}

bool TlsTicketKeys::start_mac(EVP_MAC_CTX* mac, Key& key) {
  char digest[] = "sha256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

int TlsTicketKeys::seal(Name name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const std::lock_guard lock(mutex_);
  if (!rotate() || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  std::copy(current_.name.begin(), current_.name.end(), name.begin());
  const bool ok =
      EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, current_.cipher.data(), iv) == 1 &&
      start_mac(mac, current_);
  return ok ? 1 : -1;
}

int TlsTicketKeys::open(Name name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                        EVP_MAC_CTX* mac) {
  const std::lock_guard lock(mutex_);
  if (!rotate()) return -1;
  for (Key* key : {&current_, &previous_}) {
    if (!key->made || !std::equal(name.begin(), name.end(), key->name.begin())) continue;
    const bool ok =
        EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) == 1 &&
        start_mac(mac, *key);
    return ok ? 1 : -1;
  }
  return 0;
}

}  // namespace weft::net::internal
