#include "weft/rpc/inproc/internal/inproc_transport.h"

#include <utility>

#include "weft/rpc/inproc/internal/inproc_names.h"
#include "weft/rpc/server/internal/all_idle.h"

namespace weft::rpc {
namespace {

constexpr std::string_view kScheme = "inproc:";

class InprocTransport final : public Transport {
 public:
  InprocTransport(std::string name, const CallLimits& limits)
      : name_(std::move(name)), limits_(limits) {}
  ~InprocTransport() override {
    if (server_ != nullptr) inproc_names().remove(*server_);
  }

  std::string name() const override { return std::string(kScheme).append(name_); }
  Status start(const std::shared_ptr<Dispatcher>& dispatcher,
               std::span<net::Loop* const> loops) override;
  void drain(UniqueFunction<void()> idle) noexcept override;
  void cancel_all(const Status& reason) noexcept override;
  std::size_t active_calls() const noexcept override;
  std::string describe_calls(const net::Loop& loop) override;

 private:
  std::string name_;
  CallLimits limits_;
  std::shared_ptr<InprocServer> server_;  // since start()
};

Status InprocTransport::start(const std::shared_ptr<Dispatcher>& dispatcher,
                              std::span<net::Loop* const> loops) {
  if (name_.empty()) return invalid_argument("cannot listen: 'inproc:' needs a name behind it");
  auto server = std::make_shared<InprocServer>(name_, limits_, dispatcher, loops);
  Status added = inproc_names().add(server);
  if (!added.ok()) return added.with_prefix("cannot listen");
  server_ = std::move(server);
  return {};
}

void InprocTransport::drain(UniqueFunction<void()> idle) noexcept {
  server_->drain();
  inproc_names().remove(*server_);
  const auto all = std::make_shared<AllIdle>(server_->parts().size(), std::move(idle));
  for (const auto& part : server_->parts()) {
    part->loop().post(
        [server = server_, part = part.get(), all] { part->when_idle([all] { all->one_is(); }); });
  }
}

void InprocTransport::cancel_all(const Status& reason) noexcept {
  if (server_ == nullptr) return;
  for (const auto& part : server_->parts()) {
    part->loop().post([server = server_, part = part.get(), reason] { part->cancel_all(reason); });
  }
}

std::size_t InprocTransport::active_calls() const noexcept {
  std::size_t sum = 0;
  if (server_ == nullptr) return sum;
  for (const auto& part : server_->parts()) sum += part->live_calls();
  return sum;
}

std::string InprocTransport::describe_calls(const net::Loop& loop) {
  InprocPart* const part = server_ == nullptr ? nullptr : server_->part_of(loop);
  return part == nullptr ? std::string() : part->describe_calls();
}

}  // namespace

bool is_inproc(std::string_view target) noexcept { return target.starts_with(kScheme); }

std::unique_ptr<Transport> make_inproc_transport(const std::string& target,
                                                 const ServerOptions& options) {
  return std::make_unique<InprocTransport>(
      target.substr(kScheme.size()), CallLimits{.max_receive_size = options.max_receive_size,
                                                .max_send_size = options.max_send_size,
                                                .max_metadata_size = options.max_metadata_size});
}

}  // namespace weft::rpc
