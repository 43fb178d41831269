#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/net/tls/internal/openssl.h"
#include "weft/net/tls/tls_info.h"

namespace weft::net::internal {

/// What an X509 says. Bytes of names that are not printable ASCII are written as \XX (and a
/// backslash as \5C), so that an embedded NUL cannot make one name look like another.
CertificateInfo describe(X509& certificate);

/// A name as it may be shown and compared: bytes that are not printable ASCII, and backslashes, as
/// \XX.
std::string escaped(std::string_view text);

/// A name in RFC 4514's form, control characters escaped.
std::string name_text(const X509_NAME* name);

/// The names a certificate is for, to be read by people: "a.example, *.b.example, 192.0.2.1", at
/// most eight.
std::string names_text(const CertificateInfo& info);

/// Whether one of the DNS names stands for `host`: exactly, or by a wildcard for its first label
/// (RFC 6125 section 6.4). Case does not matter.
enum class NameMatch : std::uint8_t { None, Wildcard, Exact };
NameMatch match_name(const std::vector<std::string>& names, std::string_view host);

/// A certificate with its chain and key.
struct KeyPair {
  Owned<X509> certificate;
  std::vector<Owned<X509>> chain;
  Owned<STACK_OF(X509)> chain_view;  ///< the same as OpenSSL wants them
  Owned<EVP_PKEY> key;
  CertificateInfo info;
  std::string source;  ///< the file, or "the certificate" where its text was given
};

/// Whether an option is PEM text rather than the name of a file.
bool is_pem_text(std::string_view option) noexcept;

/// Files by name are read, PEM text is taken as it is. INVALID_ARGUMENT naming the file or the
/// option.
Result<std::string> read_pem(const std::string& option, std::string_view option_name);

/// INVALID_ARGUMENT naming the file and the cause. `key` empty: it is in `certificate`.
Result<KeyPair> load_key_pair(const std::string& certificate, const std::string& key);

/// The certificates of a bundle: at least one. `source` names it in errors.
Result<std::vector<Owned<X509>>> bundle_of(std::string_view pem, const std::string& source);

}  // namespace weft::net::internal
