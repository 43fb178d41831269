#include "weft/edge/answer/internal/cors.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "weft/base/fatal.h"
#include "weft/base/text/printable.h"

namespace weft::edge {
namespace {

constexpr std::string_view kHeaders =
    "content-type, connect-protocol-version, connect-timeout-ms, connect-content-encoding, "
    "connect-accept-encoding, grpc-timeout, grpc-encoding, grpc-accept-encoding, x-grpc-web, "
    "x-user-agent";

/// What a page sees of every response (the Fetch standard, "CORS-safelisted response-header name"),
/// and what is not for pages.
bool is_seen_anyhow(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 5> kNames = {"cache-control", "content-length",
                                                             "content-type", "vary", "expires"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

Cors::Cors(CorsPolicy policy) : policy_(std::move(policy)), headers_(kHeaders) {
  any_ = std::find(policy_.origins.begin(), policy_.origins.end(), "*") != policy_.origins.end();
  if (any_ && policy_.credentials) {
    fatal("CorsPolicy: credentials and the origin \"*\": every page could act for its visitor");
  }
  for (const std::string& header : policy_.headers) headers_.append(", ").append(header);
  max_age_ =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(policy_.max_age).count());
}

bool Cors::is_preflight(const rpc::HttpHead& head) const noexcept {
  return enabled() && head.method == "OPTIONS" && !head.field("origin").empty() &&
         !head.field("access-control-request-method").empty();
}

bool Cors::allows(std::string_view origin) const noexcept {
  return any_ ||
         std::find(policy_.origins.begin(), policy_.origins.end(), origin) != policy_.origins.end();
}

void Cors::add_origin(std::string_view origin, ResponseFields& fields) const {
  fields.add("access-control-allow-origin", any_ ? "*" : origin);
  if (policy_.credentials) fields.add("access-control-allow-credentials", "true");
}

Task<> Cors::answer_preflight(rpc::HttpExchange& exchange, std::string methods) const {
  const std::string_view origin = exchange.head().field("origin");
  ResponseFields fields;
  fields.add("vary", "origin, access-control-request-method, access-control-request-headers");
  std::string text;
  if (allows(origin)) {
    add_origin(origin, fields);
    fields.add("access-control-allow-methods", methods);
    fields.add("access-control-allow-headers", headers_);
    fields.add("access-control-max-age", max_age_);
  } else {
    text = "the origin '" + printable(origin.substr(0, 256)) + "' may not call this server\n";
    fields.add("content-type", "text/plain; charset=utf-8");
    fields.add("content-length", std::to_string(text.size()));
  }
  if (!exchange.begin(text.empty() ? 204 : 403, fields.view()).ok()) co_return;
  const Message whole = Message(Bytes::copy_of(text)).mark_last();
  static_cast<void>(co_await exchange.response().write(whole));
}

void Cors::add_fields(const rpc::HttpHead& request, ResponseFields& fields) const {
  if (!enabled()) return;
  // Also without an origin: a cache must not give this answer to a page.
  if (!any_) fields.add("vary", "origin");
  const std::string_view origin = request.field("origin");
  if (origin.empty() || !allows(origin)) return;
  std::string exposed;
  for (const rpc::HttpField& field : fields.view()) {
    if (is_seen_anyhow(field.name)) continue;
    if (!exposed.empty()) exposed.append(", ");
    exposed.append(field.name);
  }
  add_origin(origin, fields);
  if (!exposed.empty()) fields.add("access-control-expose-headers", exposed);
}

}  // namespace weft::edge
