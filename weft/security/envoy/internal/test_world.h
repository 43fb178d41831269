#pragma once

// What the tests of the room share: a service by script, and calls through a middleware that asks
// it.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/rpc/call/principal.h"
#include "weft/rpc/client/channel.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_service.h"

namespace weft::security::test {

/// A service with one method, `Base`'s, that answers what the test says.
template <class Base, class Request, class Response>
class World {
 public:
  using Answer = std::function<Result<Response>(const Request&)>;

  World() { world_.server().add(std::make_shared<Scripted>(*this)); }

  std::shared_ptr<Channel> channel() {
    return std::shared_ptr<Channel>(std::shared_ptr<void>(), &world_.channel());
  }
  void answer(Answer answer) { answer_ = std::move(answer); }
  void answer(Response response) {
    answer([response = std::move(response)](const Request&) { return response; });
  }
  /// Makes a call that comes with `metadata`, through `middleware`.
  Status call(const Middleware& middleware, Metadata metadata = {},
              std::string_view path = "/shop.Orders/Get") {
    handler_ = std::make_unique<testing::ScriptedService>(
        std::vector{testing::Script{.reads_requests = false}});
    testing::Chain chain(*handler_, {middleware});
    Call made(Call::Side::Server, world_.client_host(), path, nullptr, nullptr);
    made.request_metadata() = std::move(metadata);
    made.set_principal(principal_);
    Status status = world_.run(chain.serve(made));
    trailers_ = std::as_const(made).trailers();
    response_metadata_ = std::as_const(made).response_metadata();
    return status;
  }

  /// What the service was asked.
  const std::vector<Request>& asked() const noexcept { return asked_; }
  bool was_served() const { return !handler_->seen().empty(); }
  /// What the handler saw of a field; "-" where it was not there.
  std::string seen(std::string_view name) const {
    return std::string(handler_->seen().at(0).metadata.get(name).value_or("-"));
  }
  std::string trailer(std::string_view name) const {
    return std::string(trailers_.get(name).value_or("-"));
  }
  std::string response_field(std::string_view name) const {
    return std::string(response_metadata_.get(name).value_or("-"));
  }
  void set_principal(Principal principal) {
    principal_ = std::make_shared<const Principal>(std::move(principal));
  }

 private:
  class Scripted final : public Base {
   public:
    explicit Scripted(World& world) : world_(world) {}

   private:
    Task<Result<Response>> asked(const Request& request) override {
      world_.asked_.push_back(request);
      if (world_.answer_) return world_.answer_(request);
      return wait();
    }
    static Task<Result<Response>> wait() {
      static_cast<void>(co_await net::sleep(std::chrono::hours(1)));
      co_return unavailable("nothing was scripted");
    }
    World& world_;
  };

  Answer answer_;
  std::vector<Request> asked_;
  std::unique_ptr<testing::ScriptedService> handler_;
  std::shared_ptr<const Principal> principal_;
  Metadata trailers_;
  Metadata response_metadata_;
  testing::InProcess world_;
};

}  // namespace weft::security::test
