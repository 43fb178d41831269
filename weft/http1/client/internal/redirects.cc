#include "weft/http1/client/internal/redirects.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace weft::http1 {
namespace {

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// RFC 9110 sections 15.4.2 to 15.4.4.
bool becomes_get(int status, const std::string& method) noexcept {
  if (status == 303) return method != "HEAD" && method != "GET";
  return (status == 301 || status == 302) && method == "POST";
}

std::string key_of(const Request& request, const Url& url) {
  return request.method() + " " + url.to_string();
}

/// What describes a body that is not sent any more.
void drop_body(Request& request) {
  request.become_get();
  for (const std::string_view name :
       {"content-type", "content-encoding", "content-language", "content-location"}) {
    request.mutable_fields().remove(name);
  }
}

void drop_credentials(Request& request) {
  for (const std::string_view name : {"authorization", "cookie"}) {
    request.mutable_fields().remove(name);
  }
}

}  // namespace

Result<bool> Redirects::follow(const ResponseInfo& answer, Request& request, Url& url) {
  const std::string_view location = answer.fields.get("location");
  if (most_ == 0 || !is_redirect(answer.status) || location.empty()) return false;
  Result<Url> next = url.resolve(location);
  if (!next.ok()) {
    return std::move(next)
        .status()
        .with_prefix("it redirects to what is no URL")
        .with_origin(Origin::Peer);
  }
  seen_.push_back(key_of(request, url));
  const std::string from = url.origin();
  if (becomes_get(answer.status, request.method())) drop_body(request);
  if (Status status = check(request, url, *next); !status.ok()) return status;
  if (request.source() != nullptr && !request.source()->rewind()) {
    return failed_precondition("it redirects to " + next->shown() +
                               ", and the request's body cannot begin again");
  }
  if (next->origin() != from) drop_credentials(request);
  url = *std::move(next);
  ++count_;
  return true;
}

Status Redirects::check(const Request& request, const Url& from, const Url& to) {
  const std::string where = "it redirects to " + to.shown();
  if (count_ == most_) {
    return failed_precondition(where + " after " + std::to_string(count_) +
                               " redirects, which is the limit (max_redirects)");
  }
  if (from.is_https() && !to.is_https()) {
    return failed_precondition(where + ", which is not https any more");
  }
  if (std::find(seen_.begin(), seen_.end(), key_of(request, to)) != seen_.end()) {
    return failed_precondition(where + ", where it was sent before: a loop");
  }
  return {};
}

}  // namespace weft::http1
