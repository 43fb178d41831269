#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "weft/net/tls/tls_info.h"

#include "tools/weft/doctor/report.h"

namespace weft::cli {

using SystemTime = std::chrono::system_clock::time_point;

/// A server's certificate is due for renewal when it has fewer days left than this: half of what
/// is left when those that live for 90 days are usually renewed.
inline constexpr int kRenewalDays = 14;

/// Whole days until the certificate expires; negative when it has.
int days_left(const net::CertificateInfo& certificate, SystemTime now) noexcept;
/// Whether the certificate is for `host`, a DNS name or a literal address (RFC 9525 section 6: the
/// subject's common name does not count, a wildcard is a whole leftmost label).
bool has_name(const net::CertificateInfo& certificate, std::string_view host);
/// "DNS greeter.example, IP 192.0.2.1"; "none" where there are none.
std::string names_text(const net::CertificateInfo& certificate);
/// "2026-11-21".
std::string date_text(SystemTime time);

/// The lines that show the certificate at `index` of a chain.
std::vector<std::string> certificate_lines(const net::CertificateInfo& certificate,
                                           std::size_t index, SystemTime now);
std::string certificate_json(const net::CertificateInfo& certificate, SystemTime now);

/// What to change so that a client that looks for `host` takes the server's certificate, which
/// `info.verification` refuses: by every cause that can be seen. `own_ca`: the user has said which
/// CA to trust.
std::vector<std::string> advice_for(const net::TlsInfo& info, std::string_view host, bool own_ca,
                                    SystemTime now);
/// Where the server refuses the client for its certificate, or for want of one.
std::vector<std::string> advice_on_client_certificate(bool shown);

}  // namespace weft::cli
