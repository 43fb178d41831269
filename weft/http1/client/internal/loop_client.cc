#include "weft/http1/client/internal/loop_client.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "weft/http1/client/internal/pool/request_pick.h"
#include "weft/http1/client/internal/request_text.h"
#include "weft/net/proxy/http_proxy.h"

namespace weft::http1 {
namespace {

/// The proxy for a URL; nothing where there is to be none.
Result<std::optional<net::HttpProxy>> proxy_for(const Url& url, const ClientOptions& options) {
  if (options.proxy.empty() || options.targets.contains(url.host())) {
    return std::optional<net::HttpProxy>();
  }
  const net::HostPort server{.host = url.host(), .port = url.port()};
  if (options.proxy == "environment") {
    using enum net::ProxiedBytes;
    return net::proxy_of_environment(server, url.is_https() ? Tls : Plain);
  }
  Result<net::HttpProxy> proxy = net::read_proxy("ClientOptions::proxy", options.proxy);
  if (!proxy.ok()) return std::move(proxy).status();
  proxy->destination = net::to_string(server);
  return std::optional<net::HttpProxy>(*std::move(proxy));
}

std::string target_of(const Url& url, const ClientOptions& options,
                      const std::optional<net::HttpProxy>& proxy) {
  const auto named = options.targets.find(url.host());
  if (named != options.targets.end()) return named->second;
  if (proxy) return "dns:///" + proxy->address;
  return "dns:///" + net::to_string(net::HostPort{.host = url.host(), .port = url.port()});
}

}  // namespace

LoopClient::LoopClient(net::Loop& loop, std::shared_ptr<const ClientSetup> setup)
    : Timer(&LoopClient::sweep_due), loop_(loop), setup_(std::move(setup)) {
  loop_.at_loop_end(*this);
}

LoopClient::~LoopClient() = default;

void LoopClient::close() noexcept {
  closed_ = true;
  net::LoopEndHook::unlink();
  Timer::cancel();
  for (const auto& [origin, pool] : pools_) pool->close();
  pools_.clear();
}

Task<Result<std::unique_ptr<Exchange>>> LoopClient::open(const Request& request, const Url& url,
                                                         Decoding decoding) {
  Context* const context = co_await current_context();
  Result<std::shared_ptr<OriginPool>> found = pool_of(url);
  if (!found.ok()) co_return found.status();
  const std::shared_ptr<OriginPool> pool = *std::move(found);
  HeadExtras extras{.user_agent = setup_->user_agent,
                    .to_proxy = pool->is_proxied(),
                    .proxy_authorization = pool->proxy_authorization()};
  if (decoding == Decoding::Accepted) extras.accept_encoding = setup_->accept_encoding;
  OriginPool::Reuse reuse = OriginPool::Reuse::Allowed;
  for (;;) {
    RequestPick pick(request, url);
    Result<Lease> lease = co_await pool->lease(pick, reuse);
    if (!lease.ok()) co_return lease.status();
    auto exchange = std::make_unique<Exchange>(*std::move(lease), setup_, request.method());
    Status status = co_await exchange->start(head_text(request, url, extras), request, context);
    if (status.ok()) co_return std::move(exchange);
    const bool again = exchange->ended_before_response() && is_idempotent(request.method()) &&
                       status.code() == StatusCode::Unavailable &&
                       (request.source() == nullptr || request.source()->rewind());
    if (!again) co_return status;
    count(setup_->repeats);
    reuse = OriginPool::Reuse::Never;
  }
}

Result<std::shared_ptr<OriginPool>> LoopClient::pool_of(const Url& url) {
  if (closed_) return failed_precondition("the http1::Client is gone");
  std::string origin = url.origin();
  const auto found = pools_.find(origin);
  if (found != pools_.end()) return found->second;
  if (Status room = make_room(); !room.ok()) return room;
  Result<std::shared_ptr<OriginPool>> pool = make_pool(url);
  if (!pool.ok()) return pool;
  pools_.emplace(std::move(origin), *pool);
  if (!Timer::armed()) loop_.arm(*this, after(loop_.now(), sweep_interval()));
  return pool;
}

Result<std::shared_ptr<OriginPool>> LoopClient::make_pool(const Url& url) {
  const ClientOptions& options = setup_->options;
  Result<std::optional<net::HttpProxy>> proxy = proxy_for(url, options);
  if (!proxy.ok()) return std::move(proxy).status();
  Route route{.host = url.host(), .connect_timeout = options.connect_timeout};
  if (url.is_https()) {
    Result<std::shared_ptr<net::TlsClientContext>> tls = setup_->tls();
    if (!tls.ok()) return std::move(tls).status();
    route.tls = *std::move(tls);
    route.tunnel = *proxy;
  }
  const std::string target = target_of(url, options, *proxy);
  auto pool = std::make_shared<OriginPool>(loop_, setup_, url.origin(), target, std::move(route));
  if (*proxy && !url.is_https()) pool->forward_through_proxy((*proxy)->authorization);
  return pool;
}

/// For one more origin.
Status LoopClient::make_room() {
  if (pools_.size() < setup_->options.max_origins) return {};
  auto oldest = pools_.end();
  for (auto it = pools_.begin(); it != pools_.end(); ++it) {
    if (!it->second->unused()) continue;
    if (oldest == pools_.end() || it->second->unused_since() < oldest->second->unused_since()) {
      oldest = it;
    }
  }
  if (oldest == pools_.end()) {
    return resource_exhausted("requests to " + std::to_string(pools_.size()) +
                              " origins are under way, which is the limit "
                              "(ClientOptions::max_origins)");
  }
  oldest->second->close();
  pools_.erase(oldest);
  return {};
}

Duration LoopClient::sweep_interval() const noexcept {
  return std::max<Duration>(setup_->options.idle_timeout / 4, std::chrono::milliseconds(1));
}

void LoopClient::sweep() noexcept {
  const TimePoint limit = loop_.now() - setup_->options.idle_timeout;
  for (auto it = pools_.begin(); it != pools_.end();) {
    it->second->close_idle(limit);
    const bool over = it->second->unused() && it->second->unused_since() < limit;
    it = over ? pools_.erase(it) : std::next(it);
  }
  if (!pools_.empty()) loop_.arm(*this, after(loop_.now(), sweep_interval()));
}

}  // namespace weft::http1
