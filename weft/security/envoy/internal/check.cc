#include "weft/security/envoy/internal/check.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "weft/base/text/number_text.h"
#include "weft/base/text/text_cut.h"
#include "weft/base/text/utf8.h"
#include "weft/rpc/call/peer.h"
#include "weft/rpc/call/principal.h"
#include "weft/rpc/grpc/grpc_wire.h"
#include "weft/security/envoy/internal/caller_name.h"
#include "weft/security/envoy/internal/fields.h"

namespace weft::security::internal {
namespace {

constexpr std::size_t kMostMessage = 1024;

void set_source(auth::AttributeContext::Peer& source, const Call& call) {
  const Peer* const peer = call.peer();
  if (peer != nullptr && peer->has_address()) {
    if (peer->address.family() == net::Address::Family::Unix) {
      source.mutable_address()->mutable_pipe()->set_path(peer->address.host());
    } else {
      auth::SocketAddress& address = *source.mutable_address()->mutable_socket_address();
      address.set_address(peer->address.host());
      address.set_port_value(peer->address.port());
    }
  }
  if (const Principal* who = call.principal()) source.set_principal(to_utf8(caller_name(*who)));
}

bool is_shown(std::string_view name, const ExternalAuthorizationOptions& options) {
  if (name.ends_with("-bin")) return false;
  return options.headers.empty() ||
         std::find(options.headers.begin(), options.headers.end(), name) != options.headers.end();
}

/// Several values of one name are one with commas, as a policy of gRPC sees them.
void set_headers(auth::AttributeContext::HttpRequest& http, const Call& call,
                 const ExternalAuthorizationOptions& options) {
  auto& headers = *http.mutable_headers();
  for (const auto& [name, value] : call.request_metadata()) {
    if (!is_shown(name, options)) continue;
    const auto [at, is_new] = headers.insert({to_utf8(name), ""});
    if (!is_new) at->second += ',';
    at->second += to_utf8(value);
  }
}

void set_trace(auth::AttributeContext::HttpRequest& http, const TraceContext& trace) {
  if (!trace.valid()) return;
  std::string id;
  append_hex(id, trace.trace_id);
  http.set_id(id);
}

template <class Options>
void add_headers(const Options& headers, Metadata& to) {
  for (const auto& option : headers) {
    const auth::HeaderValue& header = option.header();
    put_field(to, header.key(), header.value().empty() ? header.raw_value() : header.value(),
              option.append().value() ? Put::Added : Put::Replaced);
  }
}

Status denied(const auth::CheckResponse& response, Call& call) {
  StatusCode code = StatusCode::PermissionDenied;
  std::string message;
  if (response.has_denied_response()) {
    const auth::DeniedHttpResponse& denied = response.denied_response();
    const int http = denied.status().code();
    if (http != 0 && http != 200 && http != 403) code = rpc::status_of_http(http);
    message = cut_text(denied.body(), kMostMessage);
    add_headers(denied.headers(), call.trailers());
  }
  if (message.empty()) message = "the authorization service does not allow this call";
  return {code, to_utf8(message)};
}

}  // namespace

auth::CheckRequest check_request(const Call& call, const ExternalAuthorizationOptions& options) {
  auth::CheckRequest request;
  auth::AttributeContext& attributes = *request.mutable_attributes();
  set_source(*attributes.mutable_source(), call);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  auto& time = *attributes.mutable_request()->mutable_time();
  time.set_seconds(seconds.count());
  time.set_nanos(static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now - seconds).count()));
  auto& http = *attributes.mutable_request()->mutable_http();
  http.set_method("POST");
  http.set_path(to_utf8(call.path()));
  http.set_protocol("HTTP/2");
  http.set_scheme(call.peer() != nullptr && call.peer()->tls != nullptr ? "https" : "http");
  http.set_size(-1);
  set_trace(http, call.context().trace());
  set_headers(http, call, options);
  attributes.mutable_context_extensions()->insert(options.extensions.begin(),
                                                  options.extensions.end());
  return request;
}

Status apply_check(const auth::CheckResponse& response, Call& call) {
  // Without a status there is no decision: a service that answers with nothing allows nothing.
  const bool is_allowed = response.has_status() && response.status().code() == 0;
  if (!is_allowed) return denied(response, call);
  if (!response.has_ok_response()) return {};
  const auth::OkHttpResponse& ok = response.ok_response();
  for (const std::string& name : ok.headers_to_remove()) {
    remove_field(call.request_metadata(), name);
  }
  add_headers(ok.headers(), call.request_metadata());
  add_headers(ok.response_headers_to_add(), call.response_metadata());
  return {};
}

}  // namespace weft::security::internal
