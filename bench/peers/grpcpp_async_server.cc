// gRPC C++'s asynchronous API: a completion queue for each thread; one thread is its fastest form
// on one core.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "bench/payload.h"
#include "bench/peers/grpcpp_credentials.h"
#include "echo.grpc.pb.h"

namespace {

/// A step of a call that the completion queue tells of.
class Tag {
 public:
  virtual ~Tag() = default;
  virtual void proceed(bool ok) = 0;
};

class UnaryCall final : public Tag {
 public:
  UnaryCall(perf::Echo::AsyncService& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue), writer_(&context_) {
    service_.RequestUnary(&context_, &request_, &writer_, &queue_, &queue_, this);
  }
  void proceed(bool ok) override {
    if (!ok || finished_) {
      delete this;
      return;
    }
    new UnaryCall(service_, queue_);
    finished_ = true;
    if (bench::asks_to_hold(request_.payload())) return;
    bench::spin_if_asked(request_.payload());
    writer_.Finish(request_, grpc::Status::OK, this);
  }

 private:
  perf::Echo::AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  perf::Msg request_;
  grpc::ServerAsyncResponseWriter<perf::Msg> writer_;
  bool finished_ = false;
};

class DocumentCall final : public Tag {
 public:
  DocumentCall(perf::Documents::AsyncService& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue), writer_(&context_) {
    service_.RequestEcho(&context_, &request_, &writer_, &queue_, &queue_, this);
  }
  void proceed(bool ok) override {
    if (!ok || finished_) {
      delete this;
      return;
    }
    new DocumentCall(service_, queue_);
    finished_ = true;
    reply_ = request_;  // a handler makes a response of its own
    writer_.Finish(reply_, grpc::Status::OK, this);
  }

 private:
  perf::Documents::AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  perf::Document request_;
  perf::Document reply_;
  grpc::ServerAsyncResponseWriter<perf::Document> writer_;
  bool finished_ = false;
};

class StreamCall final : public Tag {
 public:
  StreamCall(perf::Echo::AsyncService& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue), stream_(&context_) {
    service_.RequestStream(&context_, &stream_, &queue_, &queue_, this);
  }
  void proceed(bool ok) override {
    switch (step_) {
      case Step::Begin:
        if (!ok) return delete this;
        new StreamCall(service_, queue_);
        return read();
      case Step::Read:
        if (!ok) {
          step_ = Step::Finish;
          return stream_.Finish(grpc::Status::OK, this);
        }
        step_ = Step::Write;
        return stream_.Write(message_, this);
      case Step::Write:
        return read();
      case Step::Finish:
        return delete this;
    }
  }

 private:
  enum class Step { Begin, Read, Write, Finish };
  void read() {
    step_ = Step::Read;
    stream_.Read(&message_, this);
  }

  perf::Echo::AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  perf::Msg message_;
  grpc::ServerAsyncReaderWriter<perf::Msg, perf::Msg> stream_;
  Step step_ = Step::Begin;
};

struct Services {
  perf::Echo::AsyncService echo;
  perf::Documents::AsyncService documents;
};

void serve(Services& services, grpc::ServerCompletionQueue& queue) {
  new UnaryCall(services.echo, queue);
  new StreamCall(services.echo, queue);
  new DocumentCall(services.documents, queue);
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<Tag*>(tag)->proceed(ok);
}

}  // namespace

int main(int argc, char* argv[]) {
  const auto flags = bench::ServerFlags::read(argc, argv);
  int port = 0;
  Services services;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(flags.host + ':' + std::to_string(flags.port),
                           bench::credentials_of(flags), &port);
  builder.RegisterService(&services.echo);
  builder.RegisterService(&services.documents);
  if (flags.gzip) builder.SetDefaultCompressionAlgorithm(GRPC_COMPRESS_GZIP);
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues;
  for (int i = 0; i < flags.threads; ++i) queues.push_back(builder.AddCompletionQueue());
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  std::vector<std::thread> threads;
  for (const auto& queue : queues) {
    threads.emplace_back([&services, &queue] { serve(services, *queue); });
  }
  bench::say_listening(port);
  for (std::thread& thread : threads) thread.join();
  return 0;
}
