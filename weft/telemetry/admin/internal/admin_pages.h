#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/status.h"
#include "weft/rpc/http/http_handler.h"
#include "weft/telemetry/admin/admin.h"
#include "weft/telemetry/admin/internal/level_returns.h"
#include "weft/telemetry/metrics/registry.h"

namespace weft::telemetry::internal {

/// Serves the pages of the admin port. Used by any number of loops at the same time.
class AdminPages final : public rpc::HttpHandler {
 public:
  struct Options {
    Registry* registry;
    std::size_t max_scrapes;
    std::function<Status()> ready{};
    AdminChanges changes = AdminChanges::Refused;
  };
  explicit AdminPages(Options options) : options_(std::move(options)) {}

  bool takes(const rpc::HttpHead&) const override { return true; }
  Task<> serve(rpc::HttpExchange& exchange) override;

  /// What requests have to show; where all are empty, nothing.
  struct Tokens {
    std::string metrics{};
    std::string read{};
    std::string change{};  ///< empty: that for reading
  };
  /// Until then every request is answered 403.
  void open(Tokens tokens) {
    tokens_ = std::move(tokens);
    open_.store(true, std::memory_order_release);
  }
  void close() noexcept { open_.store(false, std::memory_order_relaxed); }
  void set_ready(Status status);

 private:
  /// Each may do what those before it may.
  enum class Role : std::uint8_t { None, Metrics, Read, Change };
  struct Page {
    std::string_view path;
    Role role;  // to see it
    Task<> (*serve)(AdminPages&, rpc::HttpExchange&);
    Task<> (*change)(AdminPages&, rpc::HttpExchange&) = nullptr;  // by POST
  };
  static const Page* find(std::string_view path) noexcept;
  static Task<> serve_metrics(AdminPages& self, rpc::HttpExchange& exchange);
  static Task<> serve_health(AdminPages& self, rpc::HttpExchange& exchange);
  static Task<> serve_readiness(AdminPages& self, rpc::HttpExchange& exchange);
  static Task<> serve_log_levels(AdminPages& self, rpc::HttpExchange& exchange);
  static Task<> change_log_levels(AdminPages& self, rpc::HttpExchange& exchange);
  static Task<> refuse_method(rpc::HttpExchange& exchange, const Page& page);
  static Task<> challenge(rpc::HttpExchange& exchange);
  Role role_of(const rpc::HttpHead& head) const noexcept;
  Status readiness();

  const Options options_;
  Tokens tokens_;  // not changed while it is open
  std::atomic<bool> open_{false};
  std::atomic<std::size_t> scrapes_{0};
  std::mutex mutex_;
  Status ready_;  // with mutex_
  LevelReturns level_returns_;
};

}  // namespace weft::telemetry::internal
