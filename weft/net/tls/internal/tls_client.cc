#include <utility>

#include <arpa/inet.h>

#include "weft/net/tls/internal/openssl_section.h"
#include "weft/net/tls/internal/tls_contexts.h"
#include "weft/net/tls/internal/tls_reload.h"
#include "weft/net/tls/resumption/internal/tls_session_cache.h"

namespace weft::net {
namespace internal {
namespace {

/// What a client loaded. Immutable but for the sessions; connections hold the one they began with.
struct ClientState {
  Owned<SSL_CTX> context;
  std::string min_version;
  std::string description;
  std::string server_name;
  std::vector<std::string> alpn;  ///< as offered; empty: "h2"
  bool insecure = false;
  bool has_certificate = false;
  SystemClock clock;
  // Those verified against what was loaded here; a reload begins with none.
  std::unique_ptr<TlsSessionCache> sessions = std::make_unique<TlsSessionCache>();
};

struct ClientNotes final : TlsNotes {
  std::shared_ptr<const ClientState> state;
  std::string session_key;
  static ClientNotes& of(const SSL* ssl) noexcept {
    return static_cast<ClientNotes&>(TlsNotes::of(ssl));
  }
};

/// Called where the server asks for a certificate.
int note_certificate_request(SSL* ssl, void*) {
  TlsNotes::of(ssl).certificate_requested = true;
  return 1;
}

/// Takes over the session by returning 1.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  const ClientNotes& notes = ClientNotes::of(ssl);
  // What an insecure client took must not pass for verified.
  if (notes.state->insecure) return 0;
  notes.state->sessions->put(notes.session_key, Owned<SSL_SESSION>(session),
                             expiry_of_chain(ssl, notes.chain_expiry));
  return 1;
}

Status set_trust(ClientState& state, const TlsClientOptions& options, WatchedFiles& watched) {
  SSL_CTX* context = state.context.get();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, &note_verification);
  if (options.ca.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) {
      return internal_error("the system's CA certificates: " + take_openssl_errors());
    }
    return ok_status();
  }
  if (!is_pem_text(options.ca)) watched.add(options.ca);
  const Result<std::string> pem = read_pem(options.ca, "ca");
  if (!pem) return pem.status();
  const Result<std::vector<Owned<X509>>> cas =
      bundle_of(*pem, is_pem_text(options.ca) ? "ca" : options.ca);
  if (!cas) return cas.status();
  state.description = std::to_string(cas->size()) + " CA certificates";
  return trust(context, *cas);
}

Status set_certificate(ClientState& state, const TlsClientOptions& options, WatchedFiles& watched) {
  if (options.certificate.empty()) {
    if (options.key.empty()) return ok_status();
    return invalid_argument("key is set and certificate is not");
  }
  for (const std::string* file : {&options.certificate, &options.key}) {
    if (!file->empty() && !is_pem_text(*file)) watched.add(*file);
  }
  const Result<KeyPair> pair = load_key_pair(options.certificate, options.key);
  if (!pair) return pair.status();
  if (SSL_CTX_use_cert_and_key(state.context.get(), pair->certificate.get(), pair->key.get(),
                               pair->chain_view.get(), 1) != 1) {
    return invalid_argument(pair->source + ": " + take_openssl_errors());
  }
  warn_of_expiry(*pair, state.clock());
  if (!state.description.empty()) state.description += "; ";
  state.description += pair->info.subject + ", until " + date_text(pair->info.not_after);
  state.has_certificate = true;
  return ok_status();
}

Result<std::shared_ptr<const ClientState>> load_client(const TlsClientOptions& options,
                                                       const TlsTestSettings& test,
                                                       WatchedFiles& watched) {
  auto state = std::make_shared<ClientState>();
  state->clock = test.clock ? test.clock : system_clock();
  state->min_version = version_name(options.min_version);
  state->server_name = options.server_name;
  state->insecure = options.insecure;
  const TlsSettings settings{.min_version = options.min_version,
                             .ciphers = options.ciphers,
                             .ciphersuites = options.ciphersuites};
  Result<Owned<SSL_CTX>> made = make_ssl_context(TLS_client_method(), settings);
  if (!made) return made.status();
  state->context = std::move(*made);
  SSL_CTX* context = state->context.get();
  if (test.max_version != 0) SSL_CTX_set_max_proto_version(context, test.max_version);
  std::string offered;
  Status named = options.alpn.empty() ? append_alpn(kHttp2Alpn, "", offered) : Status();
  for (const std::string& name : options.alpn) {
    if (named.ok()) named = append_alpn(name, "TlsClientOptions::alpn", offered);
  }
  if (!named.ok()) return named;
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(offered.data()),
                          static_cast<unsigned>(offered.size()));
  state->alpn = options.alpn;
  SSL_CTX_set_cert_cb(context, &note_certificate_request, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, &keep_session);
  Status status = set_trust(*state, options, watched);
  if (status.ok()) status = set_certificate(*state, options, watched);
  if (!status.ok()) return status;
  if (test.clock && test.verifies_by_clock) set_verification_time(context, state->clock());
  return std::shared_ptr<const ClientState>(std::move(state));
}

/// As certificates have names: without brackets, scope and the root's dot.
std::string plain_name(std::string name) {
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (name.find(':') != std::string::npos) name = name.substr(0, name.find('%'));
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
  return name;
}

bool is_ip(const std::string& name) {
  in6_addr ignored{};
  return inet_pton(AF_INET, name.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &ignored) == 1;
}

/// Says which name is asked for and has to be proven.
Status set_name(SSL* ssl, const TlsNotes& notes) {
  const std::string& name = notes.server_name;
  if (name.empty()) {
    if (notes.insecure) return ok_status();
    return tls_status(notes,
                      "no name to look for in the server's certificate; set "
                      "TlsClientOptions::server_name");
  }
  const OpenSslSection section;
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(
      param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const bool ip = is_ip(name);
  bool ok = false;
  if (ip) {
    ok = X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1;
  } else {
    // SNI carries names only (RFC 6066 section 3).
    ok = X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
  }
  ERR_clear_error();
  if (ok) return ok_status();
  return tls_status(notes, "\"" + name + "\" cannot be a server's name");
}

void offer_session(SSL* ssl, ClientNotes& notes) {
  const ClientState& state = *notes.state;
  notes.session_key = notes.server_name + '\n' + notes.peer;
  const TlsSessionCache::Taken taken = state.sessions->take(notes.session_key, state.clock());
  if (taken.session == nullptr) return;
  notes.chain_expiry = taken.expiry;
  const OpenSslSection section;
  SSL_set_session(ssl, taken.session.get());
}

Status check_alpn(const TlsStream& stream) {
  const unsigned char* alpn = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(stream.ssl(), &alpn, &size);
  const std::string_view selected(reinterpret_cast<const char*>(alpn), size);
  const std::vector<std::string>& offered = ClientNotes::of(stream.ssl()).state->alpn;
  // A server that does not know ALPN speaks HTTP/1.1 (RFC 9113 section 3.2).
  const std::string_view spoken = selected.empty() ? kHttp1Alpn : selected;
  const bool fits = offered.empty()
                        ? selected == kHttp2Alpn
                        : std::find(offered.begin(), offered.end(), spoken) != offered.end();
  if (fits) return ok_status();
  if (!offered.empty()) {
    return tls_status(stream.notes(),
                      "the server chose none of the protocols that were offered by "
                      "ALPN (TlsClientOptions::alpn)");
  }
  if (selected.empty()) {
    return tls_status(stream.notes(),
                      "the server agreed to no protocol by ALPN; it has to select "
                      "\"h2\" for HTTP/2 over TLS");
  }
  return tls_status(stream.notes(), "the server selected \"" + std::string(selected) +
                                        "\" by ALPN; \"h2\" was offered");
}

Task<Result<std::unique_ptr<Stream>>> connect_tls(std::shared_ptr<Reloading<ClientState>> states,
                                                  std::unique_ptr<Stream> stream,
                                                  std::string host) {
  if (Loop::current() == nullptr) {
    co_return failed_precondition("TlsClientContext::connect: this thread runs no loop");
  }
  Loop& loop = *Loop::current();
  const std::shared_ptr<const ClientState> state = states->current(loop.now());
  auto pipe = std::make_unique<TlsPipe>(std::move(stream));
  auto notes = std::make_unique<ClientNotes>();
  notes->peer = pipe->inner().peer_address().to_string();
  notes->server_name = plain_name(state->server_name.empty() ? host : state->server_name);
  notes->min_version = state->min_version;
  notes->insecure = state->insecure;
  notes->certificate_shown = state->has_certificate;
  for (const std::string& name : state->alpn) {
    notes->alpn_offered.append(notes->alpn_offered.empty() ? "\"" : ", \"").append(name) += '"';
  }
  notes->state = state;
  ERR_clear_error();
  Owned<SSL> ssl = make_ssl(state->context.get(), *pipe);
  if (ssl == nullptr) co_return internal_error("TLS: " + take_openssl_errors());
  SSL_set_connect_state(ssl.get());
  const Status named = set_name(ssl.get(), *notes);
  if (!named.ok()) co_return named;
  offer_session(ssl.get(), *notes);
  auto made = std::make_unique<TlsStream>(loop, std::move(pipe), std::move(notes), std::move(ssl));
  Status status = co_await run_handshake(loop, *made);
  if (status.ok()) status = check_alpn(*made);
  if (!status.ok()) co_return status;
  made->set_info(info_of(*made));
  co_return std::unique_ptr<Stream>(std::move(made));
}

class ClientContext final : public TlsClientContext {
 public:
  ClientContext(const TlsClientOptions& options, const TlsTestSettings& test)
      : states_(std::make_shared<Reloading<ClientState>>(
            [options, test](const ClientState*, WatchedFiles& watched) {
              return load_client(options, test, watched);
            },
            options.reload_interval)) {}

  Status reload() override { return states_->reload(); }
  Task<Result<std::unique_ptr<Stream>>> connect(std::unique_ptr<Stream> stream,
                                                std::string host) override {
    return connect_tls(states_, std::move(stream), std::move(host));
  }

 private:
  const std::shared_ptr<Reloading<ClientState>> states_;
};

}  // namespace

Result<std::shared_ptr<TlsClientContext>> make_client_context(const TlsClientOptions& options,
                                                              const TlsTestSettings& test) {
  auto context = std::make_shared<ClientContext>(options, test);
  const Status status = context->reload();
  if (!status.ok()) return status;
  return std::shared_ptr<TlsClientContext>(std::move(context));
}

}  // namespace internal

Result<std::shared_ptr<TlsClientContext>> TlsClientContext::create(TlsClientOptions options) {
  const TlsClientOptions kept = std::move(options);
  return internal::make_client_context(kept, {});
}

}  // namespace weft::net
