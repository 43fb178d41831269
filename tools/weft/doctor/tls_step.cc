#include <algorithm>
#include <utility>

#include "weft/net/tls/tls.h"

#include "tools/weft/doctor/certificate_text.h"
#include "tools/weft/doctor/examination.h"

namespace weft::cli {
namespace {

/// A probe is a second look: it need not wait as long as the first.
constexpr Duration kProbeLimit = std::chrono::seconds(2);

/// Takes any certificate, so that it can be shown, and said what is wrong with it.
Result<std::shared_ptr<net::TlsClientContext>> lenient_context(const Examination& examination) {
  net::TlsClientOptions options = examination.flags.tls.options().value_or(net::TlsClientOptions());
  options.insecure = true;
  return net::TlsClientContext::create(std::move(options));
}

Task<Result<std::unique_ptr<net::Stream>>> handshake(Examination& examination,
                                                     std::unique_ptr<net::Stream> stream) {
  Result<std::shared_ptr<net::TlsClientContext>> context = lenient_context(examination);
  if (!context.ok()) co_return std::move(context).status();
  co_return co_await (*context)->connect(std::move(stream), examination.name);
}

Task<Result<std::unique_ptr<net::Stream>>> connect_and_handshake(Examination& examination) {
  net::Loop& loop = *net::Loop::current();
  Result<std::unique_ptr<net::Stream>> stream = co_await loop.connect(examination.address);
  if (!stream.ok()) co_return std::move(stream).status();
  co_return co_await handshake(examination, std::move(*stream));
}

Task<Spoken> first_words(Examination& examination) {
  net::Loop& loop = *net::Loop::current();
  Result<std::unique_ptr<net::Stream>> stream = co_await loop.connect(examination.address);
  if (!stream.ok()) co_return Spoken::Nothing;
  Http2Probe probe(std::move(*stream));
  const Status greeted = co_await probe.greet();
  co_return greeted.ok() ? Spoken::Http2 : spoken(probe.first_bytes());
}

bool mentions(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

/// What to change where the handshake itself came to nothing. `shown`: a client's certificate was.
std::vector<std::string> advice_on_handshake(std::string_view cause, bool shown) {
  if (mentions(cause, "client certificate") || mentions(cause, "client's certificate")) {
    return advice_on_client_certificate(shown);
  }
  if (mentions(cause, "version")) {
    return {
        "client: a lower --min-tls; server: TlsServerOptions::min_version, or a TLS library "
        "that knows TLS 1.2"};
  }
  if (mentions(cause, "ALPN")) {
    return {
        "server: offer \"h2\" by ALPN; gRPC needs HTTP/2. In a proxy that is a switch of the "
        "listener (nginx: http2 on)"};
  }
  if (mentions(cause, "cipher")) {
    return {
        "client and server have no cipher in common: look at TlsServerOptions::ciphers and "
        "ciphersuites"};
  }
  if (mentions(cause, "timed out")) {
    return {
        "the server takes connections but says nothing: it hangs, or waits for something else "
        "than TLS",
        "a proxy or a container's port may take connections while nothing is behind it"};
  }
  return {"is this the server's TLS port? Its log has its side of the handshake"};
}

Finding failed_handshake(const Status& status, Spoken plaintext, bool shown) {
  Finding finding;
  finding.step = Step::Tls;
  finding.outcome = Outcome::Failed;
  finding.text = std::string(status.message());
  if (plaintext == Spoken::Http2) {
    finding.text = "the server speaks HTTP/2 without TLS on this port";
    finding.advice = {"client: leave --tls out (ChannelOptions::tls); or",
                      "server: give it a certificate (ServerOptions::tls)"};
  } else if (plaintext == Spoken::Http1) {
    finding.text = "the server speaks HTTP/1.1 without TLS on this port, which is not gRPC";
    finding.advice = {"use the port that the server has for gRPC"};
  } else {
    finding.advice = advice_on_handshake(finding.text, shown);
  }
  return finding;
}

/// A certificate that is good now but not for long.
void warn_of_expiry(const net::TlsInfo& info, SystemTime now, Finding& finding) {
  for (const net::CertificateInfo& certificate : info.chain) {
    const int days = days_left(certificate, now);
    if (days >= kRenewalDays || days < 0) continue;
    if (finding.outcome == Outcome::Ok) finding.outcome = Outcome::Warning;
    finding.advice.push_back("server: renew the certificate of '" + certificate.subject +
                             "', which expires on " + date_text(certificate.not_after));
  }
}

void add_verification(const Examination& examination, const net::TlsInfo& info, SystemTime now,
                      Finding& finding) {
  const bool own_ca = !examination.flags.tls.ca.empty();
  const std::string by = own_ca ? "--cacert" : "the CAs of this machine";
  if (info.verification.ok()) {
    finding.details.push_back("verified: comes from " + by + ", and is for '" + examination.name +
                              "'");
    finding.json.add_bool("verified", true);
    return;
  }
  finding.outcome = examination.flags.tls.insecure ? Outcome::Warning : Outcome::Failed;
  finding.text = std::string(info.verification.message());
  finding.advice = advice_for(info, examination.name, own_ca, now);
  finding.json.add_bool("verified", false);
}

Finding describe(const Examination& examination, const net::TlsInfo& info, SystemTime now) {
  Finding finding;
  finding.step = Step::Tls;
  const std::string agreed =
      info.version + ", " + info.cipher + ", ALPN " + (info.alpn.empty() ? "none" : info.alpn);
  finding.text = agreed;
  finding.json.add("version", info.version).add("cipher", info.cipher).add("alpn", info.alpn);
  finding.json.add("server_name", info.server_name);
  std::vector<std::string> chain;
  for (std::size_t i = 0; i < info.chain.size(); ++i) {
    const std::vector<std::string> lines = certificate_lines(info.chain[i], i, now);
    finding.details.insert(finding.details.end(), lines.begin(), lines.end());
    chain.push_back(certificate_json(info.chain[i], now));
  }
  finding.json.add_json("chain", json_array(chain));
  add_verification(examination, info, now, finding);
  if (finding.text != agreed) finding.details.insert(finding.details.begin(), agreed);
  warn_of_expiry(info, now, finding);
  return finding;
}

}  // namespace

Task<Spoken> spoken_in_plaintext(Examination& examination) {
  return within(std::min(examination.limit, kProbeLimit), first_words(examination));
}

Task<bool> speaks_tls(Examination& examination) {
  const Duration limit = std::min(examination.limit, kProbeLimit);
  const Result<std::unique_ptr<net::Stream>> stream =
      co_await within(limit, connect_and_handshake(examination));
  co_return stream.ok();
}

Task<bool> examine_tls(Examination& examination) {
  if (!examination.flags.tls.enabled()) co_return true;
  net::Loop& loop = *net::Loop::current();
  const TimePoint begun = loop.now();
  Result<std::unique_ptr<net::Stream>> stream =
      co_await within(examination.limit, handshake(examination, std::move(examination.stream)));
  const Duration took = loop.now() - begun;
  if (!stream.ok()) {
    const Spoken plaintext = co_await spoken_in_plaintext(examination);
    const bool shown = !examination.flags.tls.certificate.empty();
    examination.add(failed_handshake(stream.status(), plaintext, shown));
    co_return false;
  }
  examination.stream = std::move(*stream);
  const std::shared_ptr<const net::TlsInfo> info = examination.stream->tls();
  examination.trusted = info->verification.ok() || examination.flags.tls.insecure;
  Finding finding = describe(examination, *info, std::chrono::system_clock::now());
  finding.time = took;
  examination.add(finding);
  co_return true;
}

}  // namespace weft::cli
