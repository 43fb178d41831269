#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace weft::testing {

/// What a certificate says. Times are relative to now.
struct CertificateOptions {
  std::string common_name = "test";
  std::vector<std::string> dns{};
  std::vector<std::string> ips{};
  std::vector<std::string> uris{};
  std::vector<std::string> email{};
  std::chrono::seconds valid_from = -std::chrono::hours(1);
  std::chrono::seconds valid_until = std::chrono::hours(24 * 30);
};

/// A certificate and its key as PEM text.
struct CertificateText {
  std::string certificate;
  std::string key;
};

/// A certificate authority that lives as long as a test. Its keys are on the curve P-256, made anew
/// each time; nothing of it is for use outside of tests.
class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& common_name = "test CA");
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  /// The CA's own certificate: what the other side trusts.
  std::string certificate() const;

  /// For a server, or a client; each only for that use (extended key usage).
  CertificateText server(const CertificateOptions& options) const;
  CertificateText client(const CertificateOptions& options) const;
  /// A CA below this one; what it issues has chain() behind it.
  std::unique_ptr<CertificateAuthority> intermediate(const std::string& common_name) const;
  /// The certificates of the CAs from this one up to, and without, the root.
  std::string chain() const;

  /// A server's certificate without an issuer.
  static CertificateText self_signed(const CertificateOptions& options);

 private:
  struct State;
  explicit CertificateAuthority(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weft::testing
