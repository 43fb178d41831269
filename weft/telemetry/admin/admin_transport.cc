#include <utility>

#include "weft/telemetry/admin/admin.h"

namespace weft::telemetry {
namespace {

/// Brings no calls: begins and ends with the server that it was added to.
class AdminTransport final : public rpc::Transport {
 public:
  explicit AdminTransport(AdminOptions options)
      : name_("the admin port " + options.listen), server_(std::move(options)) {}

  std::string name() const override { return name_; }
  Status start(const std::shared_ptr<rpc::Dispatcher>&, std::span<net::Loop* const>) override {
    server_.set_ready({});
    return server_.start();
  }
  /// The pages stay: a drain is when people look at them.
  void drain(UniqueFunction<void()> idle) noexcept override {
    server_.set_ready(unavailable("the server stops"));
    idle();
  }
  void cancel_all(const Status&) noexcept override {}

 private:
  const std::string name_;
  AdminServer server_;
};

}  // namespace

std::unique_ptr<rpc::Transport> admin(AdminOptions options) {
  return std::make_unique<AdminTransport>(std::move(options));
}

}  // namespace weft::telemetry
