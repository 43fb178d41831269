#include "weft/net/tls/internal/tls_certificate.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <utility>

#include <arpa/inet.h>
#include <openssl/pem.h>

#include "weft/base/text/ascii.h"
#include "weft/base/text/number_text.h"
#include "weft/net/socket/internal/socket_error.h"

namespace weft::net::internal {
namespace {

// No certificate chain or bundle is larger; a wrong path such as /dev/zero ends here.
constexpr std::size_t kLongestFile = std::size_t{16} << 20;

std::string escaped(const ASN1_STRING* string) {
  return internal::escaped({reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                            static_cast<std::size_t>(ASN1_STRING_length(string))});
}

std::string ip_text(const ASN1_OCTET_STRING* address) {
  const int size = ASN1_STRING_length(address);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = size == 4 ? AF_INET : AF_INET6;
  if (size != 4 && size != 16) return escaped(address);
  inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size());
  return text.data();
}

void add_alternative_names(X509& certificate, CertificateInfo& info) {
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    switch (name->type) {
      case GEN_DNS:
        info.dns.push_back(escaped(name->d.dNSName));
        break;
      case GEN_URI:
        info.uris.push_back(escaped(name->d.uniformResourceIdentifier));
        break;
      case GEN_EMAIL:
        info.email.push_back(escaped(name->d.rfc822Name));
        break;
      case GEN_IPADD:
        info.ips.push_back(ip_text(name->d.iPAddress));
        break;
      default:
        break;
    }
  }
}

std::string serial_text(X509& certificate) {
  const Owned<BIGNUM> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr));
  char* text = number == nullptr ? nullptr : BN_bn2hex(number.get());
  std::string result = text == nullptr ? "" : text;
  OPENSSL_free(text);
  for (char& c : result) c = ascii::lower(c);
  return result;
}

bool equal_names(std::string_view a, std::string_view b) {
  return a.size() == b.size() && OPENSSL_strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string source_of(const std::string& option, std::string_view option_name) {
  return is_pem_text(option) ? std::string(option_name) : option;
}

Owned<BIO> bio_of(std::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// A key with a passphrase is refused rather than asked for on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

bool only_end_of_input() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

Result<std::vector<Owned<X509>>> certificates_of(std::string_view pem, const std::string& source) {
  ERR_clear_error();
  const Owned<BIO> bio = bio_of(pem);
  std::vector<Owned<X509>> all;
  while (X509* one = PEM_read_bio_X509_AUX(bio.get(), nullptr, &no_passphrase, nullptr)) {
    all.emplace_back(one);
  }
  if (!only_end_of_input()) {
    return invalid_argument(source + ": certificate " + std::to_string(all.size() + 1) +
                            " cannot be read: " + take_openssl_errors());
  }
  ERR_clear_error();
  if (all.empty()) return invalid_argument(source + ": there is no PEM certificate in it");
  return all;
}

Result<Owned<EVP_PKEY>> key_of(std::string_view pem, const std::string& source) {
  ERR_clear_error();
  const Owned<BIO> bio = bio_of(pem);
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr));
  if (key != nullptr) {
    ERR_clear_error();
    return key;
  }
  if (pem.find("PRIVATE KEY-----") == std::string_view::npos) {
    ERR_clear_error();
    return invalid_argument(source + ": there is no PEM private key in it");
  }
  if (pem.find("ENCRYPTED") != std::string_view::npos) {
    ERR_clear_error();
    return invalid_argument(source +
                            ": the private key has a passphrase; only keys without are read");
  }
  return invalid_argument(source + ": the private key cannot be read: " + take_openssl_errors());
}

}  // namespace

std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && byte != '\\') {
      result += c;
    } else {
      result += '\\';
      result += kDigits[byte >> 4U];
      result += kDigits[byte & 15U];
    }
  }
  return result;
}

std::string name_text(const X509_NAME* name) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  // UTF-8 stays as it is, control characters and RFC 4514's special ones are escaped.
  constexpr unsigned long kFlags =
      XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (bio == nullptr || X509_NAME_print_ex(bio.get(), name, 0, kFlags) < 0) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size <= 0 ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

CertificateInfo describe(X509& certificate) {
  CertificateInfo info;
  info.subject = name_text(X509_get_subject_name(&certificate));
  info.issuer = name_text(X509_get_issuer_name(&certificate));
  info.serial = serial_text(certificate);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) == 1) {
    append_hex(info.fingerprint, std::span(digest.data(), size));
  }
  add_alternative_names(certificate, info);
  info.not_before = time_of(X509_get0_notBefore(&certificate));
  info.not_after = time_of(X509_get0_notAfter(&certificate));
  return info;
}

std::string names_text(const CertificateInfo& info) {
  constexpr int kMost = 8;
  constexpr std::size_t kLongest = 253;  // of a DNS name; others would only fill the log
  int count = 0;
  std::string text;
  for (const auto* names : {&info.dns, &info.ips}) {
    for (const std::string& name : *names) {
      if (++count > kMost) return text + ", ...";
      if (!text.empty()) text += ", ";
      text += name.substr(0, kLongest);
    }
  }
  return text;
}

NameMatch match_name(const std::vector<std::string>& names, std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::size_t dot = host.find('.');
  NameMatch best = NameMatch::None;
  for (const std::string_view name : names) {
    if (equal_names(name, host)) return NameMatch::Exact;
    const bool wildcard = name.starts_with("*.") && dot != std::string_view::npos && dot > 0;
    if (wildcard && equal_names(name.substr(1), host.substr(dot))) best = NameMatch::Wildcard;
  }
  return best;
}

bool is_pem_text(std::string_view option) noexcept { return option.starts_with("-----BEGIN"); }

Result<std::string> read_pem(const std::string& option, std::string_view option_name) {
  if (is_pem_text(option)) return option;
  if (option.empty()) return invalid_argument(std::string(option_name) + " is empty");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(option.c_str(), "rbe"),
                                                             &std::fclose);
  if (file == nullptr) {
    const std::string cause = errno == ENOENT ? "no such file" : error_text(errno);
    return invalid_argument(option + ": " + cause);
  }
  std::string text;
  std::array<char, 8192> part{};
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), file.get())) {
    text.append(part.data(), size);
    if (text.size() > kLongestFile) {
      return invalid_argument(option + ": longer than " + std::to_string(kLongestFile) +
                              " bytes, which is no certificate");
    }
  }
  if (std::ferror(file.get()) != 0) return invalid_argument(option + ": " + error_text(errno));
  return text;
}

Result<KeyPair> load_key_pair(const std::string& certificate, const std::string& key) {
  const Result<std::string> pem = read_pem(certificate, "certificate");
  if (!pem) return pem.status();
  KeyPair pair;
  pair.source = source_of(certificate, "certificate");
  Result<std::vector<Owned<X509>>> chain = certificates_of(*pem, pair.source);
  if (!chain) return chain.status();
  const Result<std::string> key_pem = key.empty() ? pem : read_pem(key, "key");
  if (!key_pem) return key_pem.status();
  const std::string key_source = key.empty() ? pair.source : source_of(key, "key");
  Result<Owned<EVP_PKEY>> loaded = key_of(*key_pem, key_source);
  if (!loaded) return loaded.status();
  pair.key = std::move(*loaded);
  pair.certificate = std::move(chain->front());
  pair.chain_view.reset(sk_X509_new_null());
  for (std::size_t i = 1; i < chain->size(); ++i) {
    pair.chain.push_back(std::move((*chain)[i]));
    sk_X509_push(pair.chain_view.get(), pair.chain.back().get());
  }
  pair.info = describe(*pair.certificate);
  if (X509_check_private_key(pair.certificate.get(), pair.key.get()) != 1) {
    ERR_clear_error();
    return invalid_argument(key_source + ": the private key does not belong to the certificate " +
                            pair.info.subject + " of " + pair.source);
  }
  return pair;
}

Result<std::vector<Owned<X509>>> bundle_of(std::string_view pem, const std::string& source) {
  return certificates_of(pem, source);
}

}  // namespace weft::net::internal
