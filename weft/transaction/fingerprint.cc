#include "weft/transaction/fingerprint.h"

#include <algorithm>
#include <memory>

#include <openssl/evp.h>

#include "weft/base/fatal.h"
#include "weft/base/text/number_text.h"

namespace weft::transaction {
namespace {

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

/// What one thread hashes with: to find the algorithm anew takes longer than to hash a request.
EVP_MD_CTX* thread_digest() {
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  if (sha256 == nullptr || context == nullptr ||
      EVP_DigestInit_ex2(context.get(), sha256, nullptr) != 1) {
    fatal("OpenSSL has no SHA-256");
  }
  return context.get();
}

}  // namespace

std::string Fingerprint::text() const {
  std::string text;
  append_hex(text, bytes);
  return text;
}

Fingerprint fingerprint_of(std::string_view path, std::string_view request) {
  EVP_MD_CTX* const digest = thread_digest();
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  EVP_DigestUpdate(digest, path.data(), path.size());
  EVP_DigestUpdate(digest, "", 1);
  EVP_DigestUpdate(digest, request.data(), request.size());
  EVP_DigestFinal_ex(digest, hash.data(), nullptr);
  Fingerprint fingerprint;
  std::copy_n(hash.begin(), fingerprint.bytes.size(), fingerprint.bytes.begin());
  return fingerprint;
}

}  // namespace weft::transaction
