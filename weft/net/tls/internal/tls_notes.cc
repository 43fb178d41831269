#include "weft/net/tls/internal/tls_notes.h"

#include <utility>

#include "weft/net/tls/internal/tls_sniff.h"

namespace weft::net::internal {
namespace {

std::string_view other_side(const TlsNotes& notes) noexcept {
  return notes.role == TlsRole::Client ? "server" : "client";
}

std::string_view ca_option(const TlsNotes& notes) noexcept {
  return notes.role == TlsRole::Client ? "TlsClientOptions::ca" : "TlsServerOptions::client_ca";
}

/// A name that strangers chose, for a message.
std::string shortened(const std::string& name) {
  constexpr std::size_t kLongest = 256;
  return name.size() <= kLongest ? name : name.substr(0, kLongest) + "...";
}

/// "the server's certificate (CN=x)", or of which CA in its chain.
std::string refused_text(const TlsNotes& notes) {
  const std::string side(other_side(notes));
  if (notes.verify_depth == 0) {
    return "the " + side + "'s certificate (" + shortened(notes.refused.subject) + ")";
  }
  return "the CA certificate (" + shortened(notes.refused.subject) + ") that the " + side +
         "'s certificate comes from";
}

std::string wrong_name_text(const TlsNotes& notes) {
  const std::string names = names_text(notes.leaf);
  return "the server's certificate is not for \"" + notes.server_name + "\" " +
         (names.empty() ? "but has no name at all; a common name does not count"
                        : "but for " + names) +
         " (TlsClientOptions::server_name)";
}

/// The words of RFC 8446 section 6.2 that concern certificates; null for other alerts.
const char* certificate_alert(int alert) noexcept {
  switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
      return "it is broken, not yet valid, or for another name";
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
      return "it is of a kind that is not supported there, or for another purpose";
    case SSL_AD_CERTIFICATE_REVOKED:
      return "it is revoked";
    case SSL_AD_CERTIFICATE_EXPIRED:
      return "it is expired";
    case SSL_AD_CERTIFICATE_UNKNOWN:
      return "it is not acceptable there";
    case SSL_AD_UNKNOWN_CA:
      return "it comes from a CA that is not trusted there";
    case SSL_AD_ACCESS_DENIED:
      return "it is valid but has no access";
    default:
      return nullptr;
  }
}

std::string server_said(const TlsNotes& notes, int alert) {
  switch (alert) {
    case SSL_AD_PROTOCOL_VERSION:
      return "the server takes none of the TLS versions offered, " + notes.min_version +
             " and later (TlsClientOptions::min_version)";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      if (!notes.alpn_offered.empty()) {
        return "the server took none of the protocols that were offered by ALPN, " +
               notes.alpn_offered;
      }
      return "the server does not speak HTTP/2 over TLS: it refused ALPN \"h2\"";
    case TLS13_AD_CERTIFICATE_REQUIRED:
      return "the server requires a client certificate (TlsClientOptions::certificate, key)";
    case SSL_AD_HANDSHAKE_FAILURE:
      // TLS 1.2 has no alert of its own for a missing certificate.
      if (notes.certificate_requested && !notes.certificate_shown) {
        return "the server requires a client certificate (TlsClientOptions::certificate, key)";
      }
      return "the server found no cipher, group or signature algorithm in common "
             "(TlsClientOptions::ciphers, ciphersuites)";
    case SSL_AD_UNRECOGNIZED_NAME:
      return "the server has no certificate for \"" + notes.server_name + "\"";
    default:
      return {};
  }
}

std::string client_said(const TlsNotes& notes, int alert) {
  switch (alert) {
    case SSL_AD_PROTOCOL_VERSION:
      return "the client takes none of the TLS versions here, " + notes.min_version +
             " and later (TlsServerOptions::min_version)";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return "the client does not speak HTTP/2 over TLS: it refused ALPN \"h2\"";
    case SSL_AD_HANDSHAKE_FAILURE:
      return "the client found no cipher, group or signature algorithm in common "
             "(TlsServerOptions::ciphers, ciphersuites)";
    default:
      return {};
  }
}

std::string alpn_text(const TlsNotes& notes) {
  if (notes.role == TlsRole::Client) {
    return "the server selected another protocol than the \"h2\" offered by ALPN";
  }
  if (notes.alpn_missing) return "the client offered no ALPN; HTTP/2 over TLS needs \"h2\"";
  return "the client's ALPN has no \"h2\", only " + notes.alpn_offered;
}

std::string version_text(const TlsNotes& notes) {
  const bool client = notes.role == TlsRole::Client;
  return "no common TLS version: " + notes.min_version + " and later are taken here (" +
         (client ? "TlsClientOptions" : "TlsServerOptions") + "::min_version), of which the " +
         std::string(other_side(notes)) + " has none";
}

std::string cipher_text(const TlsNotes& notes) {
  return "no cipher in common with the " + std::string(other_side(notes)) + " (" +
         (notes.role == TlsRole::Client ? "TlsClientOptions" : "TlsServerOptions") +
         "::ciphers, ciphersuites)";
}

/// Our own finding, by OpenSSL's reason.
std::string finding_text(const TlsNotes& notes, int reason) {
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return verification_text(notes);
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the client sent no certificate, which is required "
             "(TlsServerOptions::client_certificate)";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_WRONG_SSL_VERSION:
      return version_text(notes);
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
      return cipher_text(notes);
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return alpn_text(notes);
    case SSL_R_BAD_EXTENSION:
      return "the " + std::string(other_side(notes)) +
             "'s hello has an extension out of place; a protocol by ALPN that was not offered is "
             "one";
    case SSL_R_CALLBACK_FAILED:
      return notes.alpn_missing ? alpn_text(notes) : std::string();
    default:
      return {};
  }
}

std::string during(const SSL* ssl) {
  if (SSL_is_init_finished(ssl) == 1) return {};
  return " during the TLS handshake, while " + std::string(awaited_text(ssl)) + " was awaited";
}

/// Whether what came first cannot be a record of TLS: types 20 to 24, version 3.
bool is_not_tls(std::string_view first) noexcept {
  const bool type = first.empty() || (first[0] >= 20 && first[0] <= 24);
  return !type || (first.size() > 1 && first[1] != 3);
}

}  // namespace

TlsNotes& TlsNotes::of(const SSL* ssl) noexcept {
  return *static_cast<TlsNotes*>(SSL_get_ex_data(ssl, 0));
}

// Index 0 is OpenSSL's "application data": ours, as the SSL is.
void TlsNotes::attach(SSL* ssl) noexcept { SSL_set_ex_data(ssl, 0, this); }

int note_verification(int ok, X509_STORE_CTX* store) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsNotes& notes = TlsNotes::of(ssl);
  if (ok == 1) return 1;
  if (notes.verify_error == X509_V_OK) {
    notes.verify_error = X509_STORE_CTX_get_error(store);
    notes.verify_depth = X509_STORE_CTX_get_error_depth(store);
    if (X509* current = X509_STORE_CTX_get_current_cert(store)) notes.refused = describe(*current);
    if (X509* leaf = X509_STORE_CTX_get0_cert(store)) notes.leaf = describe(*leaf);
  }
  return notes.insecure ? 1 : 0;
}

std::string verification_text(const TlsNotes& notes) {
  const std::string option = "(" + std::string(ca_option(notes)) + ")";
  switch (notes.verify_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return refused_text(notes) + " expired on " + date_text(notes.refused.not_after);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return refused_text(notes) + " is valid only from " + date_text(notes.refused.not_before) +
             "; is a clock wrong?";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return wrong_name_text(notes);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return refused_text(notes) + " is self-signed and not itself trusted " + option;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "the " + std::string(other_side(notes)) + "'s certificate (" +
             shortened(notes.leaf.subject) + ") comes from a CA that is not trusted, " +
             shortened(notes.refused.subject) + " " + option;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return refused_text(notes) + " was issued by " + shortened(notes.refused.issuer) +
             ", which is not trusted " + option + ", nor is there a chain to a CA that is";
    case X509_V_ERR_INVALID_PURPOSE:
      return refused_text(notes) + " is not for use as a " + std::string(other_side(notes)) +
             "'s (extended key usage)";
    default:
      return refused_text(notes) +
             " is not accepted: " + X509_verify_cert_error_string(notes.verify_error);
  }
}

std::string not_tls_text(TlsRole role, std::string_view first_bytes) {
  char buffer[80];
  const std::string shown = "\"" + std::string(printable(first_bytes, buffer)) + "\"";
  if (role == TlsRole::Server) {
    switch (sniff(first_bytes)) {
      case FirstBytes::Http2Preface:
        return "the client speaks plaintext HTTP/2 on a port for TLS "
               "(TlsServerOptions::allow_plaintext)";
      case FirstBytes::Http1:
        return "the client speaks plaintext HTTP/1 on a port for TLS: it began with " + shown;
      default:
        return "the client sent what is not TLS: it began with " + shown;
    }
  }
  switch (sniff_answer(first_bytes)) {
    case FirstAnswer::Http2:
      return "the server speaks plaintext HTTP/2 on this port, not TLS, which the client's "
             "ChannelOptions::tls asks for";
    case FirstAnswer::Http1:
      return "the server speaks plaintext HTTP/1 on this port, not TLS";
    default:
      return "the server's answer is not TLS: it began with " + shown;
  }
}

std::string alert_text(const TlsNotes& notes, int alert) {
  // OpenSSL 3.0 has no word for this one.
  const std::string name = alert == TLS13_AD_CERTIFICATE_REQUIRED
                               ? "certificate required"
                               : SSL_alert_desc_string_long(alert);
  const std::string suffix = " (alert \"" + name + "\")";
  const bool client = notes.role == TlsRole::Client;
  if (const char* why = certificate_alert(alert)) {
    return client ? "the server refused this client's certificate: " + std::string(why) + suffix
                  : "the client refused this server's certificate: " + std::string(why) + suffix;
  }
  const std::string text = client ? server_said(notes, alert) : client_said(notes, alert);
  if (!text.empty()) return text + suffix;
  return "the " + std::string(other_side(notes)) + " ended TLS" + suffix;
}

Status tls_failure(const SSL* ssl, const TlsPipe& pipe) {
  const TlsNotes& notes = TlsNotes::of(ssl);
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  if (reason != 0 && reason != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    std::string text;
    if (SSL_is_init_finished(ssl) == 0 && is_not_tls(pipe.first_bytes())) {
      text = not_tls_text(notes.role, pipe.first_bytes());
    } else if (reason >= SSL_AD_REASON_OFFSET) {
      text = alert_text(notes, reason - SSL_AD_REASON_OFFSET);
    } else {
      text = finding_text(notes, reason);
    }
    const std::string all = take_openssl_errors();
    return tls_status(notes, text.empty() ? "TLS: " + all : text);
  }
  if (!pipe.read_error().ok()) {
    ERR_clear_error();
    return Status(StatusCode::Unavailable, std::string(pipe.read_error().message()) + during(ssl),
                  Origin::Transport);
  }
  if (pipe.ended()) {
    ERR_clear_error();
    std::string text =
        "the " + std::string(other_side(notes)) + " closed the connection" + during(ssl);
    const bool silent = notes.role == TlsRole::Client && pipe.bytes_received() == 0;
    if (silent) text += "; it sent nothing: does it speak TLS?";
    return tls_status(notes, text);
  }
  return tls_status(notes, "TLS: " + take_openssl_errors());
}

std::string_view awaited_text(const SSL* ssl) noexcept {
  switch (SSL_get_state(ssl)) {
    case TLS_ST_BEFORE:
    case TLS_ST_SR_CLNT_HELLO:
      return "the client's hello";
    case TLS_ST_CW_CLNT_HELLO:
    case TLS_ST_CR_SRVR_HELLO:
      return "the server's hello";
    case TLS_ST_SR_CERT:
    case TLS_ST_SR_KEY_EXCH:
    case TLS_ST_SR_CERT_VRFY:
    case TLS_ST_SR_CHANGE:
    case TLS_ST_SR_FINISHED:
    case TLS_ST_SW_FINISHED:
    case TLS_ST_SW_SRVR_DONE:
      return "the client's answer";
    default:
      return SSL_is_server(ssl) == 1 ? "the client's answer"
                                     : "the server's certificate and finish";
  }
}

Status tls_status(const TlsNotes& notes, std::string_view text) {
  return Status(StatusCode::Unavailable, notes.peer + ": " + std::string(text), Origin::Transport);
}

}  // namespace weft::net::internal
