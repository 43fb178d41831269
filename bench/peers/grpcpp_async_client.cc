// gRPC C++'s asynchronous client: one completion queue, one thread.
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>
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

/// A step of a call that the completion queue tells of; false when its chain of calls has ended.
class Tag {
 public:
  virtual ~Tag() = default;
  virtual bool proceed(bool ok) = 0;
};

/// One unary call after another.
class UnaryChain final : public Tag {
 public:
  UnaryChain(perf::Echo::Stub& stub, grpc::CompletionQueue& queue, Load& load)
      : stub_(stub), queue_(queue), load_(load), begun_(bench::Clock::now()) {
    request_.set_payload(bench::payload_of(load.plan().bytes, load.plan().spin_micros));
  }
  bool next() {
    if (!load_.running()) return false;
    context_.emplace();
    bench::prepare(*context_, load_.plan(), headers_);
    reader_ = stub_.AsyncUnary(&*context_, request_, &queue_);
    reader_->Finish(&reply_, &status_, this);
    return true;
  }
  bool proceed(bool ok) override {
    const bool right = ok && status_.ok() && reply_.payload().size() == request_.payload().size();
    begun_ = load_.done(begun_, right ? Outcome::Ok : Outcome::Failed);
    return next();
  }

 private:
  perf::Echo::Stub& stub_;
  grpc::CompletionQueue& queue_;
  Load& load_;
  bench::TimePoint begun_;
  bench::ProductionHeaders headers_;
  std::optional<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<perf::Msg>> reader_;
  perf::Msg request_;
  perf::Msg reply_;
  grpc::Status status_;
};

/// A stream that reads and writes at the same time, with a number of messages under way.
class StreamChain {
 public:
  StreamChain(perf::Echo::Stub& stub, grpc::CompletionQueue& queue, Load& load)
      : load_(load), sent_(load.plan().messages) {
    request_.set_payload(bench::payload_of(load.plan().bytes));
    stream_ = stub.PrepareAsyncStream(&context_, &queue);
  }
  bool next() {
    stream_->StartCall(&start_);
    return true;
  }

 private:
  /// Gives a step of its own to a function of the stream.
  class Step final : public Tag {
   public:
    Step(StreamChain& chain, bool (StreamChain::*function)(bool))
        : chain_(chain), function_(function) {}
    bool proceed(bool ok) override { return (chain_.*function_)(ok); }

   private:
    StreamChain& chain_;
    bool (StreamChain::*function_)(bool);
  };

  bool started(bool ok) {
    if (!ok) return finish();
    stream_->Read(&reply_, &read_);
    write();
    return true;
  }
  bool was_read(bool ok) {
    if (!ok) return finish();
    load_.done(
        sent_[answered_++ % sent_.size()],
        reply_.payload().size() == request_.payload().size() ? Outcome::Ok : Outcome::Failed);
    --under_way_;
    stream_->Read(&reply_, &read_);
    write();
    return true;
  }
  bool was_written(bool ok) {
    writing_ = !ok || last_;
    write();
    return true;
  }
  bool finished(bool) {
    if (!status_.ok()) std::fprintf(stderr, "stream: %s\n", status_.error_message().c_str());
    return false;
  }

  bool finish() {
    stream_->Finish(&status_, &finish_);
    return true;
  }
  void write() {
    if (writing_ || under_way_ == sent_.size()) return;
    writing_ = true;
    if (load_.running()) {
      ++under_way_;
      sent_[begun_++ % sent_.size()] = bench::Clock::now();
      stream_->Write(request_, &write_);
    } else {
      last_ = true;
      stream_->WritesDone(&write_);
    }
  }

  Load& load_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<perf::Msg, perf::Msg>> stream_;
  Step start_{*this, &StreamChain::started};
  Step read_{*this, &StreamChain::was_read};
  Step write_{*this, &StreamChain::was_written};
  Step finish_{*this, &StreamChain::finished};
  perf::Msg request_;
  perf::Msg reply_;
  grpc::Status status_;
  std::vector<bench::TimePoint> sent_;
  std::size_t begun_ = 0;
  std::size_t answered_ = 0;
  std::size_t under_way_ = 0;
  bool writing_ = false;
  bool last_ = false;
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
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<Chain>> chains;
  std::thread poller([&] {
    if (load.plan().calls != 0) load.conduct();
    std::size_t left = 0;
    for (const auto& stub : stubs) {
      for (std::size_t i = 0; i < load.plan().outstanding; ++i) {
        chains.push_back(std::make_unique<Chain>(*stub, queue, load));
        if (chains.back()->next()) ++left;
      }
    }
    void* tag = nullptr;
    bool ok = false;
    while (left > 0 && queue.Next(&tag, &ok)) {
      if (!static_cast<Tag*>(tag)->proceed(ok)) --left;
    }
  });
  if (load.plan().calls == 0) load.conduct();
  poller.join();
  return load.finish();
}

}  // namespace

int main(int argc, char* argv[]) {
  const bench::Plan plan =
      bench::read_plan("Calls perf.Echo with grpc++'s asynchronous API", argc, argv);
  std::vector<std::unique_ptr<perf::Echo::Stub>> stubs;
  for (std::size_t i = 0; i < plan.connections; ++i) {
    stubs.push_back(perf::Echo::NewStub(bench::channel_of(plan)));
    if (!try_out(*stubs.back(), plan)) return 1;
  }
  Load load(plan);
  return plan.stream ? run<StreamChain>(stubs, load) : run<UnaryChain>(stubs, load);
}
