#include "weft/http1/client/internal/sending.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "weft/coro/context.h"
#include "weft/http1/client/internal/body_buffer.h"
#include "weft/http1/client/internal/decoded_body.h"
#include "weft/http1/client/internal/redirects.h"
#include "weft/http1/client/internal/request_text.h"

namespace weft::http1 {
namespace {

/// What is read of the body behind a redirect, so that the connection may be used again.
constexpr std::size_t kMostOfARedirect = std::size_t{64} * 1024;

/// The final answer to a request, and the exchange that has its body.
struct Answer {
  ResponseInfo info;
  std::unique_ptr<Exchange> exchange;
  Decoding decoding = Decoding::None;
};

std::string name_of(const Request& request, const Url& url) {
  return request.method() + " " + url.shown();
}

Task<Status> read_past(Exchange& exchange) {
  std::size_t size = 0;
  for (;;) {
    Result<Bytes> part = co_await exchange.read();
    if (!part.ok()) co_return part.status();
    size += part->size();
    if (part->empty() || size > kMostOfARedirect) co_return Status();
  }
}

/// Sends the request, and what redirects make of it.
Task<Result<Answer>> follow(LoopClient& client, Request& request, Url url, Decoding decoding) {
  Redirects redirects(request.max_redirects().value_or(client.setup().options.max_redirects));
  for (;;) {
    const std::string name = name_of(request, url);
    Result<std::unique_ptr<Exchange>> opened = co_await client.open(request, url, decoding);
    if (!opened.ok()) co_return opened.status().with_prefix(name);
    Answer answer;
    answer.exchange = *std::move(opened);
    answer.exchange->set_name(name);
    answer.exchange->take_head(answer.info);
    answer.decoding = decoding;
    answer.info.url = url;
    answer.info.redirects = redirects.count();
    Result<bool> leads_on = redirects.follow(answer.info, request, url);
    if (!leads_on.ok()) co_return leads_on.status().with_prefix(name);
    if (!*leads_on) co_return std::move(answer);
    // What is wrong with this body is of no interest, but for a cancellation.
    Status read = co_await read_past(*answer.exchange);
    const bool ends =
        read.code() == StatusCode::Cancelled || read.code() == StatusCode::DeadlineExceeded;
    if (ends) co_return read;
  }
}

Status too_large(std::size_t limit) {
  return Status(StatusCode::ResourceExhausted,
                "the body of the response is larger than the limit of " + std::to_string(limit) +
                    " bytes (max_body)",
                Origin::Local);
}

/// The answer's body as its reader gets it; the fields of the answer are those of that.
Result<DecodedBody> body_of(Answer& answer, const ClientSetup& setup) {
  DecodedBody body(std::move(answer.exchange));
  if (answer.decoding == Decoding::None) return body;
  Status status = body.decode(answer.info, setup.options.accepted_compressions);
  if (!status.ok()) return status.with_prefix("the response of " + answer.info.url.shown());
  return body;
}

Task<Result<Response>> collect(Answer answer, const ClientSetup& setup, std::size_t limit) {
  const std::string name = "the response of " + answer.info.url.shown();
  const std::uint64_t length = answer.exchange->length().value_or(0);
  if (length > limit) co_return too_large(limit).with_prefix(name);
  Result<DecodedBody> reading = body_of(answer, setup);
  if (!reading.ok()) co_return reading.status();
  BodyBuffer body;
  body.reserve(static_cast<std::size_t>(length));
  for (;;) {
    Result<Bytes> part = co_await reading->read();
    if (!part.ok()) co_return part.status();
    if (part->empty()) break;
    if (part->size() > limit - body.size()) co_return too_large(limit).with_prefix(name);
    body.append(part->view());
  }
  Response response;
  static_cast<ResponseInfo&>(response) = std::move(answer.info);
  response.body = body.take();
  response.trailers = reading->exchange().trailers();
  co_return std::move(response);
}

/// A request with an accept-encoding of its own gets the body as the server encoded it.
Decoding decoding_for(const Request& request, const ClientSetup& setup) {
  const bool decodes = !request.fields().has("accept-encoding") && !setup.accept_encoding.empty() &&
                       request.method() != "HEAD";
  return decodes ? Decoding::Accepted : Decoding::None;
}

Task<Result<Response>> send_all(LoopClient& client, Request& request, Url url) {
  const ClientSetup& setup = client.setup();
  const std::size_t limit = request.max_body().value_or(setup.options.max_body);
  Result<Answer> answer =
      co_await follow(client, request, std::move(url), decoding_for(request, setup));
  if (!answer.ok()) co_return answer.status();
  co_return co_await collect(*std::move(answer), setup, limit);
}

Task<Result<ResponseStream>> open_all(LoopClient& client, Request& request, Url url,
                                      TimePoint until) {
  const ClientSetup& setup = client.setup();
  Result<Answer> answer =
      co_await follow(client, request, std::move(url), decoding_for(request, setup));
  if (!answer.ok()) co_return answer.status();
  answer->exchange->set_deadline(until);
  Result<DecodedBody> body = body_of(*answer, setup);
  if (!body.ok()) co_return body.status();
  co_return ResponseStream(std::move(answer->info),
                           std::make_unique<DecodedBody>(*std::move(body)));
}

/// The time that a request may take, as a context of its own.
class TimeLimit {
 public:
  TimeLimit(net::Loop& loop, Context* parent, Duration limit)
      : loop_(loop), limit_(limit), context_(parent) {
    context_.limit_deadline(after(loop_.now(), limit));
    own_ = parent == nullptr || context_.deadline() < parent->deadline();
  }
  Context& context() noexcept { return context_; }
  /// The status with the limit in it, where that is what ended the request.
  Status explain(Status status, const std::string& name) const {
    const bool over = own_ && context_.is_cancelled() && loop_.now() >= context_.deadline() &&
                      status.code() == StatusCode::DeadlineExceeded;
    if (!over) return status;
    return deadline_exceeded(name + ": no whole response within " + to_string(limit_) +
                             " (Request::timeout, ClientOptions::timeout)");
  }

 private:
  net::Loop& loop_;
  const Duration limit_;
  Context context_;
  bool own_ = false;
};

/// What is wrong with the request, or its URL.
Result<Url> prepare(const LoopClient& client, const Request& request) {
  if (!client.setup().unusable.ok()) return client.setup().unusable;
  Result<Url> url = Url::parse(request.url());
  if (!url.ok()) return url;
  Status status = check_request(request);
  if (!status.ok()) return status.with_prefix(url->shown());
  return url;
}

}  // namespace

Task<Result<Response>> send_request(std::shared_ptr<LoopClient> client, Request request) {
  Result<Url> url = prepare(*client, request);
  if (!url.ok()) co_return url.status();
  const std::string name = name_of(request, *url);
  TimeLimit limit(client->loop(), co_await current_context(),
                  request.timeout().value_or(client->setup().options.timeout));
  Task<Result<Response>> sending = send_all(*client, request, *std::move(url));
  Result<Response> response = co_await std::move(sending).in(limit.context());
  if (response.ok()) co_return response;
  co_return limit.explain(std::move(response).status(), name);
}

Task<Result<ResponseStream>> open_request(std::shared_ptr<LoopClient> client, Request request) {
  Result<Url> url = prepare(*client, request);
  if (!url.ok()) co_return url.status();
  const std::string name = name_of(request, *url);
  TimeLimit limit(client->loop(), co_await current_context(),
                  request.timeout().value_or(client->setup().options.timeout));
  const TimePoint until = request.timeout() ? limit.context().deadline() : kNever;
  Task<Result<ResponseStream>> opening = open_all(*client, request, *std::move(url), until);
  Result<ResponseStream> stream = co_await std::move(opening).in(limit.context());
  if (stream.ok()) co_return stream;
  co_return limit.explain(std::move(stream).status(), name);
}

}  // namespace weft::http1
