#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/middleware/reuse/call_key.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"
#include "weft/rpc/client/unary_call.h"

namespace weft::middleware {

/// The far side of a chain, which does what the test says; for tests of policies.
class ScriptedService final : public Service {
 public:
  /// Instead of takes, answer and response.
  std::function<Task<Status>(Call&)> script;
  Duration takes = Duration::zero();
  Status answer;
  std::string response;  // sent where the call has somewhere to put it and the answer is OK
  int calls = 0;
  int in_flight = 0;
  int most_in_flight = 0;

  Task<Status> serve(Call& call) override {
    ++calls;
    if (script) return script(call);
    return run(call);
  }

 private:
  struct InFlight {
    explicit InFlight(ScriptedService& service) : self(service) {
      self.most_in_flight = std::max(self.most_in_flight, ++self.in_flight);
    }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;
    ~InFlight() { --self.in_flight; }
    ScriptedService& self;
  };
  Task<Status> run(Call& call) {
    const InFlight here(*this);
    const Status outcome = answer;
    const std::string text = response;
    Status waited = co_await net::sleep(takes);
    if (!waited.ok()) co_return waited;
    if (!outcome.ok() || text.empty()) co_return outcome;
    const Message message(Bytes::copy_of(text));
    co_await call.responses().write(message);
    co_return outcome;
  }
};

/// Keeps what a policy told: "policy.event".
class EventList final : public PolicyObserver {
 public:
  void on_policy(const PolicyEvent& event) noexcept override {
    names.push_back(std::string(event.policy) + "." + std::string(event.event));
    values.push_back(event.value);
  }
  long count(std::string_view name) const { return std::count(names.begin(), names.end(), name); }
  std::vector<std::string> names;
  std::vector<std::int64_t> values;
};

/// Runs calls through a middleware against a scripted service, in virtual time.
class PolicyTest : public testing::Test {
 protected:
  /// One call, from its start until the test lets go of it.
  class Running {
   public:
    Running(PolicyTest& test, const MiddlewareChain& chain, std::string path,
            const MethodDescriptor* method, std::string request, Call::Side side)
        : path_(std::move(path)),
          requests_(Message(Bytes::copy_of(request))),
          call(side, test.loop_, method != nullptr ? method->path : std::string_view(path_), method,
               nullptr),
          test_(test),
          chain_(chain) {
      call.set_requests(requests_);
      call.set_responses(responses_);
    }
    void begin() {
      task_ = chain_.serve(call, test_.service_);
      task_.start(&call.context(), {[](void* self) noexcept {
                                      auto& running = *static_cast<Running*>(self);
                                      running.status = running.task_.take();
                                      running.ended = running.call.loop().now();
                                      running.done = true;
                                    },
                                    this});
    }
    /// As an application that lets go of the call.
    void destroy() { task_ = Task<Status>(Status()); }
    std::string response() {
      Bytes bytes;
      const Status finished = responses_.finish(Status(), bytes);
      return finished.ok() ? bytes.to_string() : finished.to_string();
    }

   private:
    std::string path_;
    rpc::SingleRequest requests_;
    rpc::SingleResponse responses_;

   public:
    Call call;
    Status status = internal_error("the call has not ended");
    TimePoint ended{};
    bool done = false;

   private:
    PolicyTest& test_;
    const MiddlewareChain& chain_;
    Task<Status> task_{Status()};
  };
  using Handle = std::unique_ptr<Running>;

  void use(const Middleware& middleware) { chain_.add(middleware); }
  Handle make() {
    return std::make_unique<Running>(*this, chain_, path_, method_, request_, side_);
  }
  /// Makes the call of now, and lets it run as far as it comes without time passing.
  Handle start(const std::function<void(Call&)>& prepare = {}) {
    Handle call = make();
    if (prepare) prepare(call->call);
    loop_.enter([&] { call->begin(); });
    run_for(Duration::zero());
    return call;
  }
  /// A whole call.
  Status serve(const std::function<void(Call&)>& prepare = {}) {
    const Handle call = start(prepare);
    finish(*call);
    return call->status;
  }
  void finish(Running& call) {
    EXPECT_TRUE(network_.run_while_not([&] { return call.done; })) << "the call did not end";
  }
  void run_for(Duration duration) { network_.run_for(duration); }

  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  ScriptedService service_;
  MiddlewareChain chain_;
  EventList events_;
  std::string path_ = "/pkg.Service/Method";
  std::string request_ = "request";
  const MethodDescriptor* method_ = nullptr;
  Call::Side side_ = Call::Side::Server;
};

}  // namespace weft::middleware
