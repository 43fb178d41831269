// gRPC C++'s callback client: each call that is under way begins the next one when it has ended.
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "bench/client/load.h"
#include "bench/payload.h"
#include "bench/peers/grpcpp_context.h"
#include "bench/peers/grpcpp_credentials.h"
#include "echo.grpc.pb.h"

namespace {

using bench::Load;
using bench::Outcome;

/// Lets main() wait until the last chain of calls has ended.
class Chains {
 public:
  void add() { ++count_; }
  void ended() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

/// One unary call after another.
class UnaryChain {
 public:
  UnaryChain(perf::Echo::Stub& stub, Load& load, Chains& chains)
      : stub_(stub), load_(load), chains_(chains), begun_(bench::Clock::now()) {
    request_.set_payload(bench::payload_of(load.plan().bytes, load.plan().spin_micros));
  }
  void next() {
    if (!load_.running()) return chains_.ended();
    context_.emplace();
    bench::prepare(*context_, load_.plan(), headers_);
    stub_.async()->Unary(&*context_, &request_, &reply_, [this](const grpc::Status& status) {
      const bool right = status.ok() && reply_.payload().size() == request_.payload().size();
      begun_ = load_.done(begun_, right ? Outcome::Ok : Outcome::Failed);
      next();
    });
  }

 private:
  perf::Echo::Stub& stub_;
  Load& load_;
  Chains& chains_;
  bench::TimePoint begun_;
  bench::ProductionHeaders headers_;
  std::optional<grpc::ClientContext> context_;
  perf::Msg request_;
  perf::Msg reply_;
};

/// A stream that reads and writes at the same time, with a number of messages under way.
class StreamChain final : public grpc::ClientBidiReactor<perf::Msg, perf::Msg> {
 public:
  StreamChain(perf::Echo::Stub& stub, Load& load, Chains& chains)
      : load_(load), chains_(chains), sent_(load.plan().messages) {
    request_.set_payload(bench::payload_of(load.plan().bytes));
    stub.async()->Stream(&context_, this);
  }
  void next() {
    StartRead(&reply_);
    write();
    StartCall();
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return;
    {
      const std::lock_guard lock(mutex_);
      writing_ = false;
    }
    write();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    load_.done(
        sent_[answered_++ % sent_.size()],
        reply_.payload().size() == request_.payload().size() ? Outcome::Ok : Outcome::Failed);
    {
      const std::lock_guard lock(mutex_);
      --under_way_;
    }
    StartRead(&reply_);
    write();
  }
  void OnDone(const grpc::Status& status) override {
    if (!status.ok()) std::fprintf(stderr, "stream: %s\n", status.error_message().c_str());
    chains_.ended();
  }

 private:
  // Reading and writing end on different threads; one of them begins the next write.
  void write() {
    {
      const std::lock_guard lock(mutex_);
      if (writing_ || under_way_ == sent_.size()) return;
      writing_ = true;
      if (load_.running()) {
        ++under_way_;
        sent_[begun_++ % sent_.size()] = bench::Clock::now();
      } else {
        done_ = true;  // and writing_ stays set: this was the last write
      }
    }
    if (done_) return StartWritesDone();
    StartWrite(&request_);
  }

  Load& load_;
  Chains& chains_;
  grpc::ClientContext context_;
  perf::Msg request_;
  perf::Msg reply_;
  std::mutex mutex_;
  std::vector<bench::TimePoint> sent_;
  std::size_t begun_ = 0;
  std::size_t answered_ = 0;
  std::size_t under_way_ = 0;
  bool writing_ = false;
  std::atomic<bool> done_{false};
};

bool try_out(perf::Echo::Stub& stub, const bench::Plan& plan) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  perf::Msg request;
  perf::Msg reply;
  request.set_payload(bench::payload_of(plan.bytes));
  const grpc::Status status = stub.Unary(&context, request, &reply);
  if (status.ok() && reply.payload() == request.payload()) return true;
  std::fprintf(stderr, "%s: not an echo: %s\n", plan.target.c_str(),
               status.error_message().c_str());
  return false;
}

template <class Chain>
int run(std::vector<std::unique_ptr<perf::Echo::Stub>>& stubs, Load& load) {
  Chains chains;
  std::vector<std::unique_ptr<Chain>> all;
  for (const auto& stub : stubs) {
    for (std::size_t i = 0; i < load.plan().outstanding; ++i) {
      all.push_back(std::make_unique<Chain>(*stub, load, chains));
      chains.add();
    }
  }
  if (load.plan().calls != 0) load.conduct();
  for (const auto& chain : all) chain->next();
  if (load.plan().calls == 0) load.conduct();
  chains.wait();
  return load.finish();
}

}  // namespace

int main(int argc, char* argv[]) {
  const bench::Plan plan =
      bench::read_plan("Calls perf.Echo with grpc++'s callback API", argc, argv);
  std::vector<std::unique_ptr<perf::Echo::Stub>> stubs;
  for (std::size_t i = 0; i < plan.connections; ++i) {
    stubs.push_back(perf::Echo::NewStub(bench::channel_of(plan)));
    if (!try_out(*stubs.back(), plan)) return 1;
  }
  Load load(plan);
  return plan.stream ? run<StreamChain>(stubs, load) : run<UnaryChain>(stubs, load);
}
