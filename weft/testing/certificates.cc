#include "weft/testing/certificates.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace weft::testing {
namespace {

struct Free {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// Nothing here fails but for want of memory or by a wrong name in a test.
void check(bool ok, std::string_view what) {
  if (ok) return;
  std::fprintf(stderr, "weft::testing: a certificate cannot be made: %.*s\n",
               static_cast<int>(what.size()), what.data());
  std::abort();
}

enum class Use : std::uint8_t { Server, Client, Authority };

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  check(extension != nullptr, value);
  check(X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

std::string alternative_names(const CertificateOptions& options) {
  std::string text;
  const auto add = [&](std::string_view kind, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (!text.empty()) text += ',';
      text += std::string(kind) + ':' + name;
    }
  };
  add("DNS", options.dns);
  add("IP", options.ips);
  add("URI", options.uris);
  add("email", options.email);
  return text;
}

void add_extensions(X509* certificate, X509* issuer, const CertificateOptions& options, Use use) {
  if (use == Use::Authority) {
    add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
    add_extension(certificate, issuer, NID_ext_key_usage,
                  use == Use::Server ? "serverAuth" : "clientAuth");
  }
  add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
  const std::string names = alternative_names(options);
  if (!names.empty()) add_extension(certificate, issuer, NID_subject_alt_name, names);
}

void set_serial(X509* certificate) {
  unsigned char bytes[8];
  check(RAND_bytes(bytes, sizeof(bytes)) == 1, "serial number");
  std::uint64_t number = 0;
  for (const unsigned char byte : bytes) number = number << 8U | byte;
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number >> 1U);
}

/// `issuer` null: signed by itself.
Owned<X509> make(const CertificateOptions& options, Use use, EVP_PKEY* key, X509* issuer,
                 EVP_PKEY* issuer_key) {
  Owned<X509> certificate(X509_new());
  X509* made = certificate.get();
  X509_set_version(made, X509_VERSION_3);
  set_serial(made);
  X509_gmtime_adj(X509_getm_notBefore(made), static_cast<long>(options.valid_from.count()));
  X509_gmtime_adj(X509_getm_notAfter(made), static_cast<long>(options.valid_until.count()));
  X509_NAME* subject = X509_get_subject_name(made);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(options.common_name.data()),
                             static_cast<int>(options.common_name.size()), -1, 0);
  X509* signer = issuer == nullptr ? made : issuer;
  X509_set_issuer_name(made, X509_get_subject_name(signer));
  X509_set_pubkey(made, key);
  add_extensions(made, signer, options, use);
  check(X509_sign(made, issuer_key, EVP_sha256()) != 0, "signature");
  return certificate;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_X509(bio.get(), certificate) == 1, "PEM");
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "PEM");
  return text_of(bio.get());
}

Owned<EVP_PKEY> make_key() {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  check(key != nullptr, "key");
  return key;
}

CertificateOptions authority_options(const std::string& common_name) {
  CertificateOptions options;
  options.common_name = common_name;
  options.valid_from = -std::chrono::hours(24 * 365);
  options.valid_until = std::chrono::hours(24 * 365);
  return options;
}

}  // namespace

struct CertificateAuthority::State {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
  std::string chain;

  CertificateText issue(const CertificateOptions& options, Use use) const {
    const Owned<EVP_PKEY> made_key = make_key();
    const Owned<X509> made = make(options, use, made_key.get(), certificate.get(), key.get());
    return {.certificate = pem_of(made.get()) + chain, .key = pem_of(made_key.get())};
  }
};

CertificateAuthority::CertificateAuthority(const std::string& common_name)
    : state_(std::make_unique<State>()) {
  state_->key = make_key();
  state_->certificate = make(authority_options(common_name), Use::Authority, state_->key.get(),
                             nullptr, state_->key.get());
}

CertificateAuthority::CertificateAuthority(std::unique_ptr<State> state)
    : state_(std::move(state)) {}

CertificateAuthority::~CertificateAuthority() = default;

std::string CertificateAuthority::certificate() const { return pem_of(state_->certificate.get()); }

CertificateText CertificateAuthority::server(const CertificateOptions& options) const {
  return state_->issue(options, Use::Server);
}

CertificateText CertificateAuthority::client(const CertificateOptions& options) const {
  return state_->issue(options, Use::Client);
}

std::unique_ptr<CertificateAuthority> CertificateAuthority::intermediate(
    const std::string& common_name) const {
  auto below = std::make_unique<State>();
  below->key = make_key();
  below->certificate = make(authority_options(common_name), Use::Authority, below->key.get(),
                            state_->certificate.get(), state_->key.get());
  below->chain = pem_of(below->certificate.get()) + state_->chain;
  return std::unique_ptr<CertificateAuthority>(new CertificateAuthority(std::move(below)));
}

std::string CertificateAuthority::chain() const { return state_->chain; }

CertificateText CertificateAuthority::self_signed(const CertificateOptions& options) {
  const Owned<EVP_PKEY> key = make_key();
  const Owned<X509> made = make(options, Use::Server, key.get(), nullptr, key.get());
  return {.certificate = pem_of(made.get()), .key = pem_of(key.get())};
}

}  // namespace weft::testing
