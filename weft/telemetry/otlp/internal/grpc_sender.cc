#include <utility>

#include "weft/base/text/ascii.h"
#include "weft/http1/client/url.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/telemetry/otlp/internal/sender.h"
#include "weft/telemetry/otlp/internal/signal_facts.h"

namespace weft::telemetry::internal {
namespace {

class GrpcSender final : public Sender {
 public:
  GrpcSender(const OtlpOptions& options, OtlpSignal signal, Service& channel, std::string where)
      : method_(facts_of(signal).method),
        timeout_(options.timeout),
        compression_(options.compression),
        where_(std::move(where)),
        channel_(channel) {
    // Names of gRPC's metadata are in lower case.
    for (const auto& [name, value] : options.headers) headers_.add(ascii::lower(name), value);
  }
  GrpcSender(const OtlpOptions& options, OtlpSignal signal, std::unique_ptr<Channel> channel)
      : GrpcSender(options, signal, *channel, channel->target()) {
    own_ = std::move(channel);
  }

  Task<ExportAnswer> send(Bytes request) override {
    const CallOptions options{
        .timeout = timeout_, .metadata = &headers_, .compression = compression_};
    Context* const context = co_await current_context();
    rpc::UnaryCall call(*net::Loop::current(), context, channel_, method_,
                        Message(std::move(request)), options);
    Bytes response;
    const Status served = co_await call.run();
    const Status status = call.finish(served, response);
    if (!status.ok()) co_return answer_of(status);
    co_return read_success(response.view());
  }
  const std::string& where() const noexcept override { return where_; }

 private:
  const MethodDescriptor& method_;
  const Duration timeout_;
  const Compression compression_;
  const std::string where_;
  Metadata headers_;
  std::unique_ptr<Channel> own_;
  Service& channel_;
};

}  // namespace

std::unique_ptr<Sender> grpc_sender(const OtlpOptions& options, OtlpSignal signal) {
  const std::string endpoint =
      options.endpoint.empty() ? "http://localhost:4317" : options.endpoint;
  const Result<http1::Url> url = http1::Url::parse(endpoint);
  ChannelOptions channel;
  // The collector's calls belong to no trace, and what the process's calls carry is not its
  // business.
  channel.propagation = {.trace = false, .baggage = false};
  std::string target = endpoint;
  if (url.ok()) {
    target = url->host().find(':') == std::string::npos ? url->host() : "[" + url->host() + "]";
    target += ":" + std::to_string(url->port());
    if (url->is_https()) channel.tls = options.tls;
  }
  return std::make_unique<GrpcSender>(options, signal,
                                      std::make_unique<Channel>(target, std::move(channel)));
}

std::unique_ptr<Sender> grpc_sender(const OtlpOptions& options, OtlpSignal signal,
                                    Service& channel) {
  return std::make_unique<GrpcSender>(options, signal, channel, "the channel");
}

}  // namespace weft::telemetry::internal
