#include <utility>

#include "weft/http1/client/client.h"
#include "weft/telemetry/otlp/internal/sender.h"
#include "weft/telemetry/otlp/internal/signal_facts.h"

namespace weft::telemetry::internal {
namespace {

// The specification lets a client read no more of an answer than this.
constexpr std::size_t kMostAnswer = std::size_t{4} * 1024 * 1024;

http1::ClientOptions client_options(const OtlpOptions& options) {
  http1::ClientOptions made;
  made.tls = options.tls;
  made.timeout = options.timeout;
  // Alone it holds, however long it is.
  made.response_timeout = options.timeout;
  made.stall_timeout = options.timeout;
  made.max_body = kMostAnswer;
  made.max_connections = 1;
  return made;
}

class HttpSender final : public Sender {
 public:
  HttpSender(const OtlpOptions& options, OtlpSignal signal)
      : options_(options),
        url_(options.endpoint.empty() ? facts_of(signal).default_url : options.endpoint),
        client_(client_options(options)) {
    const Result<http1::Url> url = http1::Url::parse(url_);
    where_ = url.ok() ? url->shown() : url_;
  }

  Task<ExportAnswer> send(Bytes request) override {
    http1::Request post("POST", url_);
    post.header("content-type", "application/x-protobuf");
    for (const auto& [name, value] : options_.headers) post.header(name, value);
    Status made = give_body(post, std::move(request));
    if (!made.ok())
      co_return ExportAnswer{.kind = ExportAnswer::Kind::Refused, .reason = made.to_string()};
    const Result<http1::Response> response = co_await client_.send(std::move(post));
    if (!response.ok()) co_return without_response(response.status());
    if (response->ok()) co_return read_success(response->text());
    co_return failure_of(*response);
  }
  const std::string& where() const noexcept override { return where_; }

 private:
  Status give_body(http1::Request& post, Bytes request) const {
    if (options_.compression != Compression::Gzip) {
      post.body(std::move(request));
      return {};
    }
    Result<Bytes> packed = codec::compress(Compression::Gzip, request.view());
    if (!packed.ok()) return std::move(packed).status();
    post.header("content-encoding", "gzip").body(*std::move(packed));
    return {};
  }
  /// The specification's "connection failure" may be sent again; an answer that cannot be read, or
  /// options that cannot be used, are no better the next time.
  static ExportAnswer without_response(const Status& status) {
    const bool may_pass = status.code() == StatusCode::Unavailable ||
                          status.code() == StatusCode::DeadlineExceeded ||
                          status.code() == StatusCode::Cancelled;
    return {.kind = may_pass ? ExportAnswer::Kind::TryLater : ExportAnswer::Kind::Refused,
            .reason = status.to_string()};
  }
  static ExportAnswer failure_of(const http1::Response& response) {
    ExportAnswer answer{.kind = ExportAnswer::Kind::Refused,
                        .reason = http1::status_of(response).to_string()};
    if (may_repeat(response.status)) {
      answer.kind = ExportAnswer::Kind::TryLater;
      answer.wait = http1::retry_after(response);
    }
    return answer;
  }

  const OtlpOptions options_;
  const std::string url_;
  std::string where_;
  http1::Client client_;
};

}  // namespace

std::unique_ptr<Sender> http_sender(const OtlpOptions& options, OtlpSignal signal) {
  return std::make_unique<HttpSender>(options, signal);
}

}  // namespace weft::telemetry::internal
