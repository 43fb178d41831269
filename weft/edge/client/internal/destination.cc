#include "weft/edge/client/internal/destination.h"

#include <algorithm>
#include <utility>

#include "weft/base/text/ascii.h"
#include "weft/http1/client/url.h"
#include "weft/net/proxy/http_proxy.h"

namespace weft::edge {
namespace {

constexpr std::string_view kConnect = "connect+";
constexpr std::string_view kGrpcWeb = "grpc-web+";
constexpr std::size_t kLongestScheme = 32;

/// "https://" of a target; empty where it has no scheme. Errors name no more of a target that is
/// not a URL: the rest may hold a password.
std::string_view scheme_of(std::string_view target) noexcept {
  const std::string_view scheme = target.substr(0, target.find("://"));
  const bool named = scheme.size() < target.size() && scheme.size() <= kLongestScheme &&
                     std::all_of(scheme.begin(), scheme.end(), [](char c) {
                       return ascii::is_alphanumeric(c) ||
                              std::string_view("+-.").find(c) != std::string_view::npos;
                     });
  return named ? target.substr(0, scheme.size() + 3) : std::string_view();
}

Status not_a_scheme_of_ours(std::string_view target) {
  std::string text =
      "the channel's target does not begin with connect+http(s):// or grpc-web+http(s)://";
  const std::string_view scheme = scheme_of(target);
  if (!scheme.empty()) text.append(" but with ").append(scheme);
  return invalid_argument(text);
}

}  // namespace

Result<Destination> read_destination(std::string_view target, std::string_view authority) {
  Destination to;
  const bool web = target.starts_with(kGrpcWeb);
  if (!web && !target.starts_with(kConnect)) return not_a_scheme_of_ours(target);
  to.protocol = web ? ClientProtocol::GrpcWeb : ClientProtocol::Connect;
  const std::string_view prefix = web ? kGrpcWeb : kConnect;
  const std::string_view text = target.substr(prefix.size());
  const Result<http1::Url> url = http1::Url::parse(text);
  // Not the target itself: it may hold a password.
  if (!url.ok()) return url.status().with_prefix("the channel's target");
  if (url->target() != url->path() || text.find('#') != std::string_view::npos) {
    return invalid_argument("target " + std::string(prefix) + url->shown() +
                            ": it has a query or a fragment, and takes neither");
  }
  to.https = url->is_https();
  to.server = net::to_string(net::HostPort{.host = url->host(), .port = url->port()});
  http1::Url named = *url;
  if (!authority.empty()) {
    Result<http1::Url> other =
        http1::Url::parse(std::string(url->scheme()).append("://").append(authority));
    if (!other.ok()) return other.status().with_prefix("ChannelOptions::authority");
    named = *std::move(other);
  }
  to.host = named.host();
  to.url = named.origin() + std::string(url->path());
  while (to.url.ends_with('/')) to.url.pop_back();
  return to;
}

}  // namespace weft::edge
