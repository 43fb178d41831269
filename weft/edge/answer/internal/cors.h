#pragma once

#include <string>
#include <string_view>

#include "weft/coro/task.h"
#include "weft/edge/answer/internal/response_fields.h"
#include "weft/edge/cors_policy.h"
#include "weft/rpc/http/http_handler.h"

namespace weft::edge {

/// What a CorsPolicy comes to, for requests. Used by all loops at the same time.
class Cors {
 public:
  explicit Cors(CorsPolicy policy);

  /// A browser asks whether a page may send a request.
  bool is_preflight(const rpc::HttpHead& head) const noexcept;
  /// `methods`: that the path has.
  Task<> answer_preflight(rpc::HttpExchange& exchange, std::string methods) const;
  /// Adds to the fields of a response what lets the page that called see it.
  void add_fields(const rpc::HttpHead& request, ResponseFields& fields) const;

 private:
  bool enabled() const noexcept { return any_ || !policy_.origins.empty(); }
  bool allows(std::string_view origin) const noexcept;
  void add_origin(std::string_view origin, ResponseFields& fields) const;

  const CorsPolicy policy_;
  bool any_ = false;
  std::string headers_;
  std::string max_age_;
};

}  // namespace weft::edge
