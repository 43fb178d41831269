#include "tools/weft/curl/curl_call.h"

#include <memory>
#include <utility>
#include <vector>

#include <google/protobuf/dynamic_message.h>

#include "weft/codec/json/json.h"
#include "weft/edge/rest/outgoing_call.h"

#include "tools/weft/curl/curl_text.h"
#include "tools/weft/json/json_codec.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

// A person reads the command, and all of it is kept.
constexpr std::size_t kMostContent = std::size_t{4} << 20;

std::string field(std::string_view name, std::string_view value) {
  return std::string(name).append(": ").append(value);
}

/// Puts the requests of a call into one request of HTTP.
class CurlCall {
 public:
  CurlCall(const Schema& schema, const Method& method, CurlForm form)
      : schema_(schema), method_(method), form_(form) {
    factory_.SetDelegateToGeneratedFactory(false);
    request_.streams = streams_responses(method.kind());
    request_.http2 = method.kind() == MethodKind::BidiStreaming;
  }

  Status take(const JsonText& json) {
    const pb::Descriptor& type = *method_.descriptor->input_type();
    const Result<std::string> bytes = encode_json(schema_, type, json);
    if (!bytes.ok()) return bytes.status();
    size_ += bytes->size();
    if (size_ > kMostContent) {
      return invalid_argument("--curl: the requests are larger than " +
                              std::to_string(kMostContent) + " bytes, which is the limit");
    }
    const std::unique_ptr<pb::Message> message(factory_.GetPrototype(&type)->New());
    if (!message->ParsePartialFromString(*bytes)) {
      return internal_error("the request is not a " + type.full_name());
    }
    return form_ == CurlForm::Connect ? add_connect(*message) : add_rest(*message);
  }

  Result<CurlRequest> finish() {
    if (form_ == CurlForm::Connect) {
      finish_connect();
    } else if (request_.target.empty()) {
      return invalid_argument(
          "--curl=rest: path and query are those of the requests, and there is none");
    }
    return std::move(request_);
  }

 private:
  Status add_connect(const pb::Message& message) {
    Result<std::string> json = to_json(message);
    if (!json.ok()) return json.status();
    request_.content.push_back(*std::move(json));
    return {};
  }

  void finish_connect() {
    const bool unary = method_.kind() == MethodKind::Unary;
    request_.target = method_.path;
    request_.enveloped = !unary;
    request_.has_content = true;
    request_.fields = {
        field("content-type", unary ? "application/json" : "application/connect+json"),
        field("connect-protocol-version", "1")};
  }

  Status add_rest(const pb::Message& message) {
    Result<edge::OutgoingCall> call =
        edge::outgoing_call(*method_.descriptor, message, schema_.tables());
    if (!call.ok()) return call.status();
    const bool first = request_.target.empty();
    if (!first && request_.target != call->target) {
      return invalid_argument("--curl=rest: one request has the path " + request_.target +
                              " and another one " + call->target);
    }
    const bool lines = streams_requests(method_.kind()) && !call->content_type.empty();
    if (first) begin_rest(*call, lines);
    if (!call->content_type.empty()) {
      request_.content.push_back(std::move(call->content) + (lines ? "\n" : ""));
    }
    return {};
  }

  void begin_rest(const edge::OutgoingCall& call, bool lines) {
    request_.method = call.method;
    request_.target = call.target;
    request_.has_content = !call.content_type.empty();
    if (request_.has_content) {
      request_.fields.push_back(
          field("content-type", lines ? "application/x-ndjson" : call.content_type));
    }
    if (request_.streams) request_.fields.push_back(field("accept", "application/x-ndjson"));
  }

  const Schema& schema_;
  const Method& method_;
  const CurlForm form_;
  pb::DynamicMessageFactory factory_;
  CurlRequest request_;
  std::size_t size_ = 0;
};

}  // namespace

Task<Result<std::string>> curl_call(const ConnectionFlags& flags, const Schema& schema,
                                    const Method& method, RequestSource& requests, CurlForm form) {
  CurlCall call(schema, method, form);
  if (streams_requests(method.kind())) {
    while (true) {
      const Result<std::optional<JsonText>> json = co_await requests.next();
      if (!json.ok()) co_return json.status();
      if (!*json) break;
      Status taken = call.take(**json);
      if (!taken.ok()) co_return requests.blame(taken);
    }
  } else {
    const Result<JsonText> json = co_await requests.only();
    if (!json.ok()) co_return json.status();
    Status taken = call.take(*json);
    if (!taken.ok()) co_return requests.blame(taken);
  }
  Result<CurlRequest> request = call.finish();
  if (!request.ok()) co_return request.status();
  co_return curl_text(flags, *request);
}

}  // namespace weft::cli
