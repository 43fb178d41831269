#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/cluster/resolvers/resolver.h"
#include "weft/net/loop/wait.h"

namespace weft::testing {

/// What a service's endpoints are, by script: `ChannelOptions{.resolver = script.factory()}`. For
/// channels of one loop at a time; must outlive them.
class ScriptedResolver {
 public:
  /// Hosts of a SimNetwork: "one:1", "two:1" ...
  static std::vector<cluster::Endpoint> endpoints(const std::vector<std::string>& hosts) {
    std::vector<cluster::Endpoint> all;
    for (const std::string& host : hosts) {
      const std::size_t colon = host.find(':');
      cluster::Endpoint endpoint;
      endpoint.addresses.push_back(net::Address::memory(
          host.substr(0, colon), static_cast<std::uint16_t>(std::stoi(host.substr(colon + 1)))));
      all.push_back(std::move(endpoint));
    }
    return all;
  }

  cluster::ResolverFactory factory() {
    return [this](net::Loop& loop, const cluster::TargetParts&) {
      return Result<std::unique_ptr<cluster::Resolver>>(std::make_unique<End>(*this, loop));
    };
  }

  /// The list from now on.
  void publish(std::vector<cluster::Endpoint> list) { tell(std::move(list)); }
  void publish(const std::vector<std::string>& hosts) { publish(endpoints(hosts)); }
  /// Looking has failed.
  void fail(Status why) { tell(std::move(why)); }
  /// How often a channel has asked to look again.
  int asked() const noexcept { return asked_; }

 private:
  struct End final : cluster::Resolver {
    End(ScriptedResolver& of, net::Loop& on) : script(of), loop(on) {}
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End() override {
      if (script.end_ == this) script.end_ = nullptr;
    }
    Task<> run(Updates& updates) override {
      script.end_ = this;
      sink = &updates;
      if (script.current_) pass(*script.current_);
      for (;;) {
        const Status again = co_await updates.wanted(Duration::zero(), kForever);
        if (!again.ok()) co_return;
        ++script.asked_;
      }
    }
    void pass(const Result<std::vector<cluster::Endpoint>>& what) {
      if (what.ok()) {
        sink->publish(*what);
      } else {
        sink->fail(what.status());
      }
    }
    ScriptedResolver& script;
    net::Loop& loop;
    Updates* sink = nullptr;
  };

  void tell(Result<std::vector<cluster::Endpoint>> what) {
    current_ = std::make_unique<Result<std::vector<cluster::Endpoint>>>(std::move(what));
    if (end_ != nullptr) end_->loop.enter([this] { end_->pass(*current_); });
  }

  std::unique_ptr<Result<std::vector<cluster::Endpoint>>> current_;
  End* end_ = nullptr;
  int asked_ = 0;
};

}  // namespace weft::testing
