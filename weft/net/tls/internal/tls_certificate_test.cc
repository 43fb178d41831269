#include "weft/net/tls/internal/tls_certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "weft/testing/certificates.h"

namespace weft::net::internal {
namespace {

using testing::CertificateAuthority;

TEST(Certificates, MatchNamesByRfc6125) {
  const std::vector<std::string> names = {"a.test", "*.b.test", "x.b.test"};
  EXPECT_EQ(match_name(names, "A.TEST"), NameMatch::Exact);
  EXPECT_EQ(match_name(names, "a.test."), NameMatch::Exact);
  EXPECT_EQ(match_name(names, "y.b.test"), NameMatch::Wildcard);
  EXPECT_EQ(match_name(names, "x.b.test"), NameMatch::Exact);
  EXPECT_EQ(match_name(names, "b.test"), NameMatch::None);
  EXPECT_EQ(match_name(names, ".b.test"), NameMatch::None);
  EXPECT_EQ(match_name(names, "z.y.b.test"), NameMatch::None);
  EXPECT_EQ(match_name(names, ""), NameMatch::None);
  EXPECT_EQ(match_name({}, "a.test"), NameMatch::None);
}

/// A certificate whose names are raw bytes.
Owned<X509> with_names(std::string_view dns, std::string_view common_name) {
  Owned<X509> certificate(X509_new());
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, dns.data(), static_cast<int>(dns.size()));
  GENERAL_NAME_set0_value(name, GEN_DNS, text);
  GENERAL_NAMES* names = GENERAL_NAMES_new();
  sk_GENERAL_NAME_push(names, name);
  X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, names, 0, 0);
  GENERAL_NAMES_free(names);
  X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate.get()), NID_commonName,
                             V_ASN1_UTF8STRING,
                             reinterpret_cast<const unsigned char*>(common_name.data()),
                             static_cast<int>(common_name.size()), -1, 0);
  return certificate;
}

TEST(Certificates, EscapeWhatCouldMakeANameLookLikeAnother) {
  using namespace std::string_view_literals;
  const Owned<X509> certificate = with_names("good.test\0.evil.test\n\\\x80"sv, "a\0b,c\n"sv);
  const CertificateInfo info = describe(*certificate);
  EXPECT_EQ(info.dns, std::vector<std::string>{"good.test\\00.evil.test\\0A\\5C\\80"});
  EXPECT_EQ(info.subject, "CN=a\\00b\\,c\\0A");
  EXPECT_EQ(match_name(info.dns, "good.test"), NameMatch::None);
}

TEST(Certificates, KeepNamesInUtf8) {
  const Owned<X509> certificate = with_names("a.test", "Gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(describe(*certificate).subject, "CN=Gr\xc3\xbc\xc3\x9f");
}

TEST(Certificates, HaveOneSpiffeIdOrNone) {
  CertificateInfo info;
  EXPECT_EQ(info.spiffe_id(), "");
  info.uris = {"spiffe://test/a"};
  EXPECT_EQ(info.spiffe_id(), "spiffe://test/a");
  info.uris = {"spiffe://test/a", "spiffe://test/b"};
  EXPECT_EQ(info.spiffe_id(), "");
  info.uris = {"https://test/a"};
  EXPECT_EQ(info.spiffe_id(), "");
}

TEST(Certificates, AreReadWithTheirChain) {
  const CertificateAuthority root("root");
  const auto below = root.intermediate("below");
  const auto text = below->server({.common_name = "leaf", .dns = {"a.test"}});
  const Result<KeyPair> pair = load_key_pair(text.certificate, text.key);
  ASSERT_TRUE(pair.ok()) << pair.status().to_string();
  EXPECT_EQ(pair->info.subject, "CN=leaf");
  EXPECT_EQ(pair->info.issuer, "CN=below");
  ASSERT_EQ(pair->chain.size(), 1U);
  EXPECT_EQ(describe(*pair->chain[0]).subject, "CN=below");
  EXPECT_GT(pair->info.not_after, pair->info.not_before);
}

TEST(Certificates, RefuseAKeyWithAPassphrase) {
  const auto text = CertificateAuthority::self_signed({.dns = {"a.test"}});
  const Owned<BIO> in(BIO_new_mem_buf(text.key.data(), static_cast<int>(text.key.size())));
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  unsigned char word[] = "secret";
  PEM_write_bio_PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), word, 6, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  const std::string locked(data, static_cast<std::size_t>(size));
  EXPECT_EQ(load_key_pair(text.certificate, locked).status().to_string(),
            "INVALID_ARGUMENT: key: the private key has a passphrase; only keys without are read");
}

TEST(Certificates, SurviveTimesOutOfTheClocksRange) {
  EXPECT_EQ(time_of(nullptr), SystemTime{});
  ASN1_TIME* far = ASN1_TIME_new();
  ASN1_TIME_set_string(far, "99991231235959Z");
  EXPECT_GT(time_of(far), std::chrono::system_clock::now() + std::chrono::days(36500));
  EXPECT_EQ(date_text(SystemTime{}), "1970-01-01 00:00:00 UTC");
  ASN1_TIME_free(far);
}

}  // namespace
}  // namespace weft::net::internal
