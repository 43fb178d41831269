#include "tools/weft/doctor/certificate_text.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>

#include "weft/base/text/ascii.h"
#include "weft/net/socket/address.h"

namespace weft::cli {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;

bool matches(std::string_view pattern, std::string_view host) {
  if (ascii::equal_without_case(pattern, host)) return true;
  const std::size_t dot = host.find('.');
  return pattern.starts_with("*.") && dot != std::string_view::npos && dot != 0 &&
         ascii::equal_without_case(pattern.substr(1), host.substr(dot));
}

void append(std::string& out, std::string_view kind, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!out.empty()) out += ", ";
    out.append(kind).append(" ").append(name);
  }
}

std::string days_text(Duration left) {
  const auto days = duration_cast<hours>(left).count() / 24;
  const std::string text =
      std::to_string(std::abs(days)) + (std::abs(days) == 1 ? " day" : " days");
  if (left >= Duration(0)) return text + " left";
  return days == 0 ? "expired today" : "expired " + text + " ago";
}

std::string validity_text(const net::CertificateInfo& certificate, SystemTime now) {
  const std::string range =
      "valid " + date_text(certificate.not_before) + " to " + date_text(certificate.not_after);
  if (now < certificate.not_before) return range + ": not yet valid";
  return range + ", " + days_text(certificate.not_after - now);
}

bool self_signed(const net::CertificateInfo& certificate) {
  return certificate.subject == certificate.issuer;
}

std::string issuer_advice(const std::vector<net::CertificateInfo>& chain, bool own_ca) {
  const net::CertificateInfo& last = chain.back();
  if (chain.size() == 1 && self_signed(last)) {
    return "the certificate is its own issuer: client: --cacert with a copy of it "
           "(TlsClientOptions::ca), or better, give the server one that comes from a CA";
  }
  std::string out = "client: --cacert with the certificate of '";
  out += self_signed(last) ? last.subject : last.issuer;
  out += own_ca ? "', which the file given does not have" : "' (TlsClientOptions::ca)";
  if (!self_signed(last)) {
    out +=
        "; if that is an intermediate CA, server: put its certificate behind the server's own "
        "(TlsCertificate::certificate takes the whole chain)";
  }
  return out;
}

void add_on_dates(const net::CertificateInfo& certificate, SystemTime now,
                  std::vector<std::string>& advice) {
  if (certificate.not_after < now) {
    advice.push_back("server: renew the certificate of '" + certificate.subject +
                     "', which expired on " + date_text(certificate.not_after) +
                     "; weft loads it again when the file changes");
  } else if (now < certificate.not_before) {
    advice.push_back("'" + certificate.subject + "' is valid from " +
                     date_text(certificate.not_before) +
                     " on: is this machine's clock right? It says " + date_text(now));
  }
}

void add_on_name(const net::CertificateInfo& certificate, std::string_view host,
                 std::vector<std::string>& advice) {
  advice.push_back("client: --server-name with a name that the certificate has (" +
                   names_text(certificate) + "), if that is the server that is meant");
  advice.push_back("server: a certificate with '" + std::string(host) +
                   "' among its names (subjectAltName; the common name does not count)");
}

}  // namespace

int days_left(const net::CertificateInfo& certificate, SystemTime now) noexcept {
  const auto left = duration_cast<hours>(certificate.not_after - now).count();
  return static_cast<int>(certificate.not_after < now ? left / 24 - 1 : left / 24);
}

bool has_name(const net::CertificateInfo& certificate, std::string_view host) {
  const Result<net::Address> wanted = net::Address::ip(host, 0);
  if (!wanted.ok()) {
    return std::any_of(certificate.dns.begin(), certificate.dns.end(),
                       [&](const std::string& name) { return matches(name, host); });
  }
  return std::any_of(certificate.ips.begin(), certificate.ips.end(), [&](const std::string& ip) {
    const Result<net::Address> there = net::Address::ip(ip, 0);
    return there.ok() && *there == *wanted;
  });
}

std::string names_text(const net::CertificateInfo& certificate) {
  std::string out;
  append(out, "DNS", certificate.dns);
  append(out, "IP", certificate.ips);
  append(out, "URI", certificate.uris);
  append(out, "email", certificate.email);
  return out.empty() ? "none" : out;
}

std::string date_text(SystemTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

std::vector<std::string> certificate_lines(const net::CertificateInfo& certificate,
                                           std::size_t index, SystemTime now) {
  std::vector<std::string> lines;
  lines.push_back(std::to_string(index + 1) + ". " +
                  (certificate.subject.empty() ? "(no subject)" : certificate.subject));
  lines.push_back("   issued by " + certificate.issuer +
                  (self_signed(certificate) ? " (itself)" : ""));
  // Those of a CA are of no use to anybody, and as a rule there are none.
  if (index == 0 || names_text(certificate) != "none") {
    lines.push_back("   names: " + names_text(certificate));
  }
  lines.push_back("   " + validity_text(certificate, now));
  return lines;
}

std::string certificate_json(const net::CertificateInfo& certificate, SystemTime now) {
  JsonMembers json;
  json.add("subject", certificate.subject).add("issuer", certificate.issuer);
  json.add("serial", certificate.serial).add("sha256", certificate.fingerprint);
  json.add("dns", certificate.dns).add("ips", certificate.ips).add("uris", certificate.uris);
  json.add("not_before", date_text(certificate.not_before));
  json.add("not_after", date_text(certificate.not_after));
  json.add("days_left", std::int64_t{days_left(certificate, now)});
  return json.object();
}

std::vector<std::string> advice_for(const net::TlsInfo& info, std::string_view host, bool own_ca,
                                    SystemTime now) {
  if (info.chain.empty()) return {};
  std::vector<std::string> advice;
  for (const net::CertificateInfo& certificate : info.chain) add_on_dates(certificate, now, advice);
  const std::string_view cause = info.verification.message();
  // What cannot be seen in the chain: the library's message names the option.
  if (cause.find("TlsClientOptions::ca") != cause.npos) {
    advice.push_back(issuer_advice(info.chain, own_ca));
  }
  if (cause.find("extended key usage") != cause.npos) {
    advice.emplace_back("server: a certificate for servers (extendedKeyUsage serverAuth)");
  }
  if (!has_name(info.chain.front(), host)) add_on_name(info.chain.front(), host, advice);
  if (advice.empty())
    advice.emplace_back("server: another certificate; `openssl verify` says more");
  return advice;
}

std::vector<std::string> advice_on_client_certificate(bool shown) {
  if (shown) {
    return {
        "client: a certificate for --cert that the server's client CA has issued, and that has "
        "not expired",
        "server: TlsServerOptions::client_ca with the CA that issued this one"};
  }
  return {
      "client: --cert and --key with a certificate that the server's client CA has issued "
      "(TlsClientOptions::certificate, key)",
      "server: ClientCertificate::Optional, if clients without one are welcome"};
}

}  // namespace weft::cli
