// gRPC C++'s asynchronous client: one completion queue, one thread.
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "bench/client/document.h"
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

/// perf.Echo/Unary.
struct Messages {
  using Message = perf::Msg;
  explicit Messages(const std::shared_ptr<grpc::Channel>& channel) : stub(channel) {}
  static Message message(const bench::Plan& plan) {
    Message made;
    made.set_payload(bench::payload_of(plan.bytes, plan.spin_micros));
    return made;
  }
  auto call(grpc::ClientContext& context, const Message& request, grpc::CompletionQueue& queue) {
    return stub.AsyncUnary(&context, request, &queue);
  }
  perf::Echo::Stub stub;
};

/// perf.Documents/Echo.
struct Documents {
  using Message = perf::Document;
  explicit Documents(const std::shared_ptr<grpc::Channel>& channel) : stub(channel) {}
  static Message message(const bench::Plan& plan) { return bench::document_of(plan.bytes); }
  auto call(grpc::ClientContext& context, const Message& request, grpc::CompletionQueue& queue) {
    return stub.AsyncEcho(&context, request, &queue);
  }
  perf::Documents::Stub stub;
};

/// One unary call after another.
template <class Calls>
class UnaryChain final : public Tag {
 public:
  UnaryChain(const std::shared_ptr<grpc::Channel>& channel, grpc::CompletionQueue& queue,
             Load& load)
      : calls_(channel),
        queue_(queue),
        load_(load),
        begun_(bench::Clock::now()),
        request_(Calls::message(load.plan())) {}
  bool next() {
    if (!load_.running()) return false;
    context_.emplace();
    bench::prepare(*context_, load_.plan(), headers_);
    reader_ = calls_.call(*context_, request_, queue_);
    reader_->Finish(&reply_, &status_, this);
    return true;
  }
  bool proceed(bool ok) override {
    const bool right = ok && status_.ok() && bench::same_size(reply_, request_);
    begun_ = load_.done(begun_, right ? Outcome::Ok : Outcome::Failed);
    return next();
  }

 private:
  using Message = typename Calls::Message;
  Calls calls_;
  grpc::CompletionQueue& queue_;
  Load& load_;
  bench::TimePoint begun_;
  bench::ProductionHeaders headers_;
  std::optional<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Message>> reader_;
  Message request_;
  Message reply_;
  grpc::Status status_;
};

/// A stream that reads and writes at the same time, with a number of messages under way.
class StreamChain {
 public:
  StreamChain(const std::shared_ptr<grpc::Channel>& channel, grpc::CompletionQueue& queue,
              Load& load)
      : load_(load),
        stub_(channel),
        sent_(load.plan().messages),
        written_sizes_(load.plan().bytes),
        read_sizes_(load.plan().bytes) {
    request_.set_payload(bench::payload_of(load.plan().bytes));
    stream_ = stub_.PrepareAsyncStream(&context_, &queue);
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
    const std::size_t size =
        load_.plan().sizes_differ ? read_sizes_.next() : request_.payload().size();
    load_.done(sent_[answered_++ % sent_.size()],
               reply_.payload().size() == size ? Outcome::Ok : Outcome::Failed);
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
      if (load_.plan().sizes_differ) request_.mutable_payload()->resize(written_sizes_.next());
      sent_[begun_++ % sent_.size()] = bench::Clock::now();
      stream_->Write(request_, &write_);
    } else {
      last_ = true;
      stream_->WritesDone(&write_);
    }
  }

  Load& load_;
  perf::Echo::Stub stub_;
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
  bench::Sizes written_sizes_;
  bench::Sizes read_sizes_;
  std::size_t begun_ = 0;
  std::size_t answered_ = 0;
  std::size_t under_way_ = 0;
  bool writing_ = false;
  bool last_ = false;
};

bool try_out(const std::shared_ptr<grpc::Channel>& channel, const bench::Plan& plan) {
  perf::Echo::Stub stub(channel);
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
int run(const std::vector<std::shared_ptr<grpc::Channel>>& channels, Load& load) {
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<Chain>> chains;
  std::thread poller([&] {
    if (load.plan().calls != 0) load.conduct();
    std::size_t left = 0;
    for (const auto& channel : channels) {
      for (std::size_t i = 0; i < load.plan().outstanding; ++i) {
        chains.push_back(std::make_unique<Chain>(channel, queue, load));
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
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (std::size_t i = 0; i < plan.connections; ++i) {
    channels.push_back(bench::channel_of(plan));
    if (!try_out(channels.back(), plan)) return 1;
  }
  Load load(plan);
  if (plan.stream) return run<StreamChain>(channels, load);
  return plan.document ? run<UnaryChain<Documents>>(channels, load)
                       : run<UnaryChain<Messages>>(channels, load);
}
