#pragma once

#include <optional>
#include <string_view>

#include "weft/cluster/balancers/balancer.h"
#include "weft/http1/client/request.h"
#include "weft/http1/client/url.h"

namespace weft::http1 {

/// A request as balancers see it. What it refers to outlives it.
class RequestPick final : public cluster::PickRequest {
 public:
  RequestPick(const Request& request, const Url& url) noexcept : request_(request), url_(url) {}

  std::string_view path() const noexcept override { return url_.path(); }
  std::string_view metadata(std::string_view name) const noexcept override {
    return request_.fields().get(name);
  }
  std::optional<std::uint64_t> key() const noexcept override { return {}; }
  const cluster::Tried* tried() const noexcept override { return &tried_; }
  void avoid(const cluster::Member& member) { tried_.add(member); }

 private:
  const Request& request_;
  const Url& url_;
  cluster::Tried tried_;
};

}  // namespace weft::http1
