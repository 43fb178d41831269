#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <openssl/evp.h>

#include "weft/base/text/ascii.h"
#include "weft/net/loop/wait.h"
#include "weft/net/socket/internal/lingering_close.h"
#include "weft/net/socket/prefix_stream.h"
#include "weft/net/tls/internal/tls_contexts.h"
#include "weft/net/tls/internal/tls_reload.h"
#include "weft/net/tls/internal/tls_sniff.h"
#include "weft/net/tls/resumption/internal/tls_ticket_keys.h"

namespace weft::net {
namespace internal {
namespace {

/// What a server loaded. Immutable; connections hold the one they began with.
struct ServerState {
  Owned<SSL_CTX> context;
  std::vector<KeyPair> certificates;
  std::string client_ca;      ///< the PEM text
  std::string session_rules;  ///< what clients are verified by
  std::string min_version;
  std::string description;
  bool allow_plaintext = false;
  bool other_protocols = false;
  std::string alpn;  ///< as OpenSSL wants them, "h2" first
  SystemClock clock;
  std::shared_ptr<TlsTicketKeys> ticket_keys;
};

struct ServerNotes final : TlsNotes {
  std::shared_ptr<const ServerState> state;
  static ServerNotes& of(const SSL* ssl) noexcept {
    return static_cast<ServerNotes&>(TlsNotes::of(ssl));
  }
};

// --- callbacks of OpenSSL ---

/// The name that a hello asks for, in lower case, with what else the extension holds; empty without
/// one. OpenSSL checks the extension later.
std::string name_asked_for(SSL* ssl) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  // RFC 6066 section 3: length of the list, type, length of the name, name.
  constexpr std::size_t kHead = 5;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1 || size < kHead) {
    return {};
  }
  std::string name(reinterpret_cast<const char*>(data) + kHead, size - kHead);
  for (char& c : name) c = ascii::lower(c);
  return name;
}

/// A session is for resumption under the rules and for the name that it began with, and what it
/// verified is not verified again. RFC 6066 section 3 demands that for names with TLS 1.2; with 1.3
/// it is the same here, or one host's clients could come in by another. OpenSSL compares this
/// context before it resumes anything, by ticket or by id.
void bind_session(SSL* ssl) {
  const std::string bound = ServerNotes::of(ssl).state->session_rules + '\0' + name_asked_for(ssl);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bound.data(), bound.size(), digest.data(), &size, EVP_sha256(), nullptr);
  SSL_set_session_id_context(ssl, digest.data(), std::min<unsigned>(size, SSL_MAX_SID_CTX_LENGTH));
}

/// A client without ALPN is refused before the handshake takes any more work, where it can speak
/// HTTP/2 only.
int check_hello(SSL* ssl, int* alert, void*) {
  bind_session(ssl);
  if (ServerNotes::of(ssl).state->other_protocols) return SSL_CLIENT_HELLO_SUCCESS;
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  constexpr unsigned kAlpnType = TLSEXT_TYPE_application_layer_protocol_negotiation;
  if (SSL_client_hello_get0_ext(ssl, kAlpnType, &data, &size) == 1) return SSL_CLIENT_HELLO_SUCCESS;
  TlsNotes::of(ssl).alpn_missing = true;
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

/// The names in an ALPN list, for a message.
std::string protocols_text(std::span<const unsigned char> list) {
  std::string text;
  while (!list.empty() && list.front() < list.size() && text.size() < 100) {
    char buffer[80];
    const std::string_view name(reinterpret_cast<const char*>(list.data()) + 1, list.front());
    if (!text.empty()) text += ", ";
    text += '"' + std::string(printable(name, buffer)) + '"';
    list = list.subspan(list.front() + std::size_t{1});
  }
  return text;
}

int select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                const unsigned char* in, unsigned in_size, void*) {
  unsigned char* selected = nullptr;
  const std::string& known = ServerNotes::of(ssl).state->alpn;
  if (SSL_select_next_proto(
          &selected, out_size, reinterpret_cast<const unsigned char*>(known.data()),
          static_cast<unsigned>(known.size()), in, in_size) == OPENSSL_NPN_NEGOTIATED) {
    *out = selected;
    return SSL_TLSEXT_ERR_OK;
  }
  TlsNotes::of(ssl).alpn_offered = protocols_text({in, in_size});
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int use(SSL* ssl, const KeyPair& pair) {
  return SSL_use_cert_and_key(ssl, pair.certificate.get(), pair.key.get(), pair.chain_view.get(),
                              1);
}

/// Shows the certificates that fit the name asked for: all of the best match, as a name may have
/// one of each kind of key. Backwards, for the first of a kind to win.
int select_certificate(SSL* ssl, void*) {
  const std::vector<KeyPair>& all = ServerNotes::of(ssl).state->certificates;
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const auto match = [&](const KeyPair& pair) {
    return name == nullptr ? NameMatch::None : match_name(pair.info.dns, name);
  };
  NameMatch best = NameMatch::None;
  for (const KeyPair& pair : all) best = std::max(best, match(pair));
  SSL_certs_clear(ssl);
  for (auto pair = all.rbegin(); pair != all.rend(); ++pair) {
    const bool fits =
        best == NameMatch::None ? pair->info.dns == all.front().info.dns : match(*pair) == best;
    if (fits && use(ssl, *pair) != 1) return 0;
  }
  return 1;
}

/// Puts into the ticket when the client's certificate chain expires, as seconds since the epoch.
int fill_ticket(SSL* ssl, void*) {
  const TlsNotes& notes = TlsNotes::of(ssl);
  const std::int64_t expiry =
      std::chrono::system_clock::to_time_t(expiry_of_chain(ssl, notes.chain_expiry));
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), &expiry, sizeof(expiry));
}

/// A session lives no longer than the certificates that were verified when it began.
SSL_TICKET_RETURN check_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t,
                               SSL_TICKET_STATUS status, void*) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) {
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
  void* data = nullptr;
  std::size_t size = 0;
  std::int64_t expiry = 0;
  const bool known = SSL_SESSION_get0_ticket_appdata(session, &data, &size) == 1;
  if (!known || size != sizeof(expiry)) return SSL_TICKET_RETURN_IGNORE_RENEW;
  std::memcpy(&expiry, data, sizeof(expiry));
  ServerNotes& notes = ServerNotes::of(ssl);
  notes.chain_expiry = std::chrono::system_clock::from_time_t(expiry);
  if (notes.chain_expiry <= notes.state->clock()) return SSL_TICKET_RETURN_IGNORE_RENEW;
  // With TLS 1.2 a new ticket on resumption makes OpenSSL's clients forget the old and not keep the
  // new; with 1.3 a ticket is for one use.
  return SSL_version(ssl) == TLS1_2_VERSION ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* mac, int sealing) {
  TlsTicketKeys& keys = *ServerNotes::of(ssl).state->ticket_keys;
  const TlsTicketKeys::Name key_name(name, 16);
  return sealing == 1 ? keys.seal(key_name, iv, cipher, mac) : keys.open(key_name, iv, cipher, mac);
}

// --- loading ---

Status set_client_verification(ServerState& state, const TlsServerOptions& options,
                               WatchedFiles& watched) {
  if (options.client_certificate == ClientCertificate::Ignored) return ok_status();
  if (options.client_ca.empty()) {
    return invalid_argument("client_ca is empty: client certificates cannot be verified");
  }
  if (!is_pem_text(options.client_ca)) watched.add(options.client_ca);
  Result<std::string> pem = read_pem(options.client_ca, "client_ca");
  if (!pem) return pem.status();
  state.client_ca = std::move(*pem);
  const Result<std::vector<Owned<X509>>> cas =
      bundle_of(state.client_ca, is_pem_text(options.client_ca) ? "client_ca" : options.client_ca);
  if (!cas) return cas.status();
  Status trusted = trust(state.context.get(), *cas);
  if (!trusted.ok()) return trusted;
  for (const Owned<X509>& ca : *cas) SSL_CTX_add_client_CA(state.context.get(), ca.get());
  const bool required = options.client_certificate == ClientCertificate::Required;
  SSL_CTX_set_verify(state.context.get(),
                     SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     &note_verification);
  return ok_status();
}

Status load_certificates(ServerState& state, const TlsServerOptions& options,
                         WatchedFiles& watched) {
  if (options.certificates.empty()) {
    return invalid_argument("certificates is empty: a TLS server needs at least one");
  }
  for (const TlsCertificate& certificate : options.certificates) {
    for (const std::string* file : {&certificate.certificate, &certificate.key}) {
      if (!file->empty() && !is_pem_text(*file)) watched.add(*file);
    }
    Result<KeyPair> pair = load_key_pair(certificate.certificate, certificate.key);
    if (!pair) return pair.status();
    warn_of_expiry(*pair, state.clock());
    if (!state.description.empty()) state.description += "; ";
    state.description += pair->info.subject + ", until " + date_text(pair->info.not_after);
    state.certificates.push_back(std::move(*pair));
  }
  // Backwards, so that what a context with one certificate shows is the first.
  for (auto pair = state.certificates.rbegin(); pair != state.certificates.rend(); ++pair) {
    if (SSL_CTX_use_cert_and_key(state.context.get(), pair->certificate.get(), pair->key.get(),
                                 pair->chain_view.get(), 1) != 1) {
      return invalid_argument(pair->source + ": " + take_openssl_errors());
    }
  }
  return ok_status();
}

Result<std::shared_ptr<const ServerState>> load_server(const TlsServerOptions& options,
                                                       const TlsTestSettings& test,
                                                       const ServerState* old,
                                                       WatchedFiles& watched) {
  auto state = std::make_shared<ServerState>();
  state->clock = test.clock ? test.clock : system_clock();
  state->min_version = version_name(options.min_version);
  state->allow_plaintext = options.allow_plaintext;
  state->other_protocols = options.other_protocols;
  Status named = append_alpn(kHttp2Alpn, "", state->alpn);
  for (const std::string& name : options.alpn) {
    if (named.ok()) named = append_alpn(name, "TlsServerOptions::alpn", state->alpn);
  }
  if (!named.ok()) return named;
  const TlsSettings settings{.min_version = options.min_version,
                             .ciphers = options.ciphers,
                             .ciphersuites = options.ciphersuites};
  Result<Owned<SSL_CTX>> made = make_ssl_context(TLS_server_method(), settings);
  if (!made) return made.status();
  state->context = std::move(*made);
  SSL_CTX* context = state->context.get();
  if (test.max_version != 0) SSL_CTX_set_max_proto_version(context, test.max_version);
  // The chain is what the user gave; OpenSSL would complete it from client_ca.
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_client_hello_cb(context, &check_hello, nullptr);
  SSL_CTX_set_alpn_select_cb(context, &select_alpn, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &use_ticket_key);
  SSL_CTX_set_session_ticket_cb(context, &fill_ticket, &check_ticket, nullptr);
  Status status = load_certificates(*state, options, watched);
  if (status.ok()) status = set_client_verification(*state, options, watched);
  if (!status.ok()) return status;
  if (state->certificates.size() > 1) SSL_CTX_set_cert_cb(context, &select_certificate, nullptr);
  if (test.clock && test.verifies_by_clock) set_verification_time(context, state->clock());
  state->session_rules =
      std::to_string(static_cast<int>(options.client_certificate)) + state->client_ca;
  // Tickets given out before a reload stay good, unless they vouch for clients of other CAs.
  const bool same_rules = old != nullptr && old->client_ca == state->client_ca;
  state->ticket_keys =
      same_rules ? old->ticket_keys : std::make_shared<TlsTicketKeys>(state->clock);
  return std::shared_ptr<const ServerState>(std::move(state));
}

// --- accepting ---

/// Completes when a stream has something to read.
class ReadableWait final : public Wait, public StreamHandler {
 public:
  ReadableWait(Loop& loop, Stream& stream) : Wait(loop), stream_(stream) {
    stream_.set_handler(this);
    stream_.want_read();
  }
  ~ReadableWait() { stream_.set_handler(nullptr); }
  void on_readable() noexcept override { complete(); }
  void on_writable() noexcept override {}

 private:
  Stream& stream_;
};

/// Reads until it is seen what the client speaks.
Task<Result<FirstBytes>> read_first_bytes(Loop& loop, TlsPipe& pipe) {
  const std::string peer = pipe.inner().peer_address().to_string();
  constexpr std::string_view kWhile = " while the client's TLS hello was awaited";
  while (true) {
    const IoResult::Kind kind = pipe.pull();
    const FirstBytes seen = sniff(pipe.received());
    if (seen != FirstBytes::NeedMore) co_return seen;
    if (kind == IoResult::Kind::Failed) {
      co_return Status(StatusCode::Unavailable,
                       std::string(pipe.read_error().message()) + std::string(kWhile),
                       Origin::Transport);
    }
    if (kind == IoResult::Kind::End) {
      std::string text = peer + ": the client closed the connection";
      text += pipe.bytes_received() == 0 ? ", having sent nothing," : "";
      co_return Status(StatusCode::Unavailable, text + std::string(kWhile), Origin::Transport);
    }
    if (kind == IoResult::Kind::Done) continue;
    ReadableWait wait(loop, pipe.inner());
    const Status status = co_await wait;
    if (status.ok()) continue;
    if (status.code() == StatusCode::DeadlineExceeded) {
      co_return Status(StatusCode::Unavailable, peer + ": timed out" + std::string(kWhile),
                       Origin::Transport);
    }
    co_return status.with_prefix(peer);
  }
}

/// For a client of plaintext HTTP/2: SETTINGS, as a server has to begin (RFC 9113 section 3.4), and
/// GOAWAY with INADEQUATE_SECURITY and the cause as debug data.
constexpr std::string_view kHttp2Answer(
    "\0\0\0\x04\0\0\0\0\0"
    "\0\0\x1c\x07\0\0\0\0\0"
    "\0\0\0\0\0\0\0\x0c"
    "this port speaks TLS",
    9 + 9 + 8 + 20);
constexpr std::string_view kHttp1Answer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 21\r\n"
    "Connection: close\r\n\r\nthis port speaks TLS\n";

Status refuse_plaintext(Loop& loop, TlsPipe& pipe, FirstBytes seen) {
  const std::string text = pipe.inner().peer_address().to_string() + ": " +
                           not_tls_text(TlsRole::Server, pipe.first_bytes());
  std::string_view answer;
  if (seen == FirstBytes::Http2Preface) answer = kHttp2Answer;
  if (seen == FirstBytes::Http1) answer = kHttp1Answer;
  close_lingering(loop, pipe.take_inner(), answer);
  return Status(StatusCode::Unavailable, text, Origin::Transport);
}

Task<Result<std::unique_ptr<Stream>>> accept_tls(std::shared_ptr<Reloading<ServerState>> states,
                                                 std::unique_ptr<Stream> stream) {
  if (Loop::current() == nullptr) {
    co_return failed_precondition("TlsServerContext::accept: this thread runs no loop");
  }
  Loop& loop = *Loop::current();
  const std::shared_ptr<const ServerState> state = states->current(loop.now());
  auto pipe = std::make_unique<TlsPipe>(std::move(stream));
  const Result<FirstBytes> seen = co_await read_first_bytes(loop, *pipe);
  if (!seen) co_return seen.status();
  if (*seen != FirstBytes::TlsClientHello) {
    if (!state->allow_plaintext) co_return refuse_plaintext(loop, *pipe, *seen);
    std::unique_ptr<Stream> inner = pipe->take_inner();
    co_return std::unique_ptr<Stream>(
        std::make_unique<PrefixStream>(loop, std::move(inner), pipe->received()));
  }
  auto notes = std::make_unique<ServerNotes>();
  notes->role = TlsRole::Server;
  notes->peer = pipe->inner().peer_address().to_string();
  notes->min_version = state->min_version;
  notes->state = state;
  Owned<SSL> ssl = make_ssl(state->context.get(), *pipe);
  if (ssl == nullptr) co_return internal_error("TLS: " + take_openssl_errors());
  SSL_set_accept_state(ssl.get());
  auto made = std::make_unique<TlsStream>(loop, std::move(pipe), std::move(notes), std::move(ssl));
  const Status status = co_await run_handshake(loop, *made);
  if (!status.ok()) co_return status;
  made->set_info(info_of(*made));
  co_return std::unique_ptr<Stream>(std::move(made));
}

class ServerContext final : public TlsServerContext {
 public:
  ServerContext(const TlsServerOptions& options, const TlsTestSettings& test)
      : states_(std::make_shared<Reloading<ServerState>>(
            [options, test](const ServerState* old, WatchedFiles& watched) {
              return load_server(options, test, old, watched);
            },
            options.reload_interval)) {}

  Status reload() override { return states_->reload(); }
  Task<Result<std::unique_ptr<Stream>>> accept(std::unique_ptr<Stream> stream) override {
    return accept_tls(states_, std::move(stream));
  }

 private:
  const std::shared_ptr<Reloading<ServerState>> states_;
};

}  // namespace

Result<std::shared_ptr<TlsServerContext>> make_server_context(const TlsServerOptions& options,
                                                              const TlsTestSettings& test) {
  auto context = std::make_shared<ServerContext>(options, test);
  const Status status = context->reload();
  if (!status.ok()) return status;
  return std::shared_ptr<TlsServerContext>(std::move(context));
}

}  // namespace internal

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::create(TlsServerOptions options) {
  const TlsServerOptions kept = std::move(options);
  return internal::make_server_context(kept, {});
}

}  // namespace weft::net
