#include "tools/weft/call/dynamic_call.h"

#include <cstdio>
#include <utility>

#include "weft/coro/scope.h"

namespace weft::cli {

namespace pb = google::protobuf;

Result<Bytes> DynamicCall::request_of(const JsonText& json) const {
  const pb::Descriptor& type = *method_.descriptor->input_type();
  const Result<std::string> bytes = encode_json(schema_, type, json);
  if (!bytes.ok()) return bytes.status();
  return wire_.encode(type, *bytes);
}

Task<Status> DynamicCall::run(Service& service, const CallOptions& options,
                              RequestSource& requests) {
  Bytes only;
  if (!streams_requests(method_.kind())) {
    // The one request is complete before anything is sent.
    const Result<JsonText> json = co_await requests.only();
    if (!json.ok()) co_return json.status();
    Result<Bytes> bytes = request_of(*json);
    if (!bytes.ok()) co_return requests.blame(bytes.status());
    only = *std::move(bytes);
  }
  Context* context = co_await current_context();
  const MethodDescriptor descriptor = method_.call_descriptor();
  BytesStream stream(rpc::StreamingCall::start(context, service, descriptor, nullptr, options));
  Scope scope(context);
  scope.spawn(streams_requests(method_.kind()) ? send_all(requests, stream)
                                               : send_only(std::move(only), stream));
  Status status = co_await receive(stream);
  // The call may be over while the sender still waits for input.
  scope.cancel(cancelled("the call has ended"));
  co_await scope.join();
  trace_.end(status, stream.trailers());
  co_return input_error_.ok() ? status : input_error_;
}

Task<> DynamicCall::send_only(Bytes bytes, BytesStream& stream) {
  const Message message = Message(std::move(bytes)).mark_last();
  trace_.request(message.size());
  co_await stream.write(message);
}

Task<> DynamicCall::send_all(RequestSource& requests, BytesStream& stream) {
  const Context* context = co_await current_context();
  while (true) {
    const Result<std::optional<JsonText>> json = co_await requests.next();
    if (!json.ok()) {
      // Cancelled reading says nothing about the text.
      if (!context->is_cancelled()) refuse(json.status(), stream);
      co_return;
    }
    if (!*json) break;
    const Result<Bytes> bytes = request_of(**json);
    if (!bytes.ok()) {
      refuse(requests.blame(bytes.status()), stream);
      co_return;
    }
    const Message message(*bytes);
    trace_.request(message.size());
    if (!co_await stream.write(message)) co_return;
  }
  trace_.end_of_requests();
  stream.half_close();
}

void DynamicCall::refuse(const Status& status, BytesStream& stream) {
  input_error_ = status;
  stream.cancel(cancelled("the request text is at fault"));
}

Task<Status> DynamicCall::receive(BytesStream& stream) {
  co_await stream.response_metadata_arrived();
  trace_.response_metadata(stream.call());
  std::size_t count = 0;
  Status shown;
  while (shown.ok()) {
    const std::optional<Message> message = co_await stream.read();
    if (!message) break;
    ++count;
    trace_.response(message->size());
    shown = co_await print(*message);
  }
  if (!shown.ok()) stream.cancel(cancelled("a response cannot be shown"));
  Status status = co_await stream.finish();
  if (!shown.ok()) co_return shown;
  if (!status.ok() || streams_responses(method_.kind()) || count == 1) co_return status;
  co_return unimplemented("the call ended with OK and " + std::to_string(count) +
                          " responses; this method has one");
}

Task<Result<std::string>> DynamicCall::show(const std::string& bytes) {
  const std::string type = method_.descriptor->output_type()->full_name();
  while (true) {
    const Schema& schema = types_.schema();
    const pb::Descriptor* descriptor = schema.pool().FindMessageTypeByName(type);
    if (descriptor == nullptr) co_return internal_error("the type " + type + " is gone");
    std::vector<std::string> unknown;
    Result<std::string> json = decode_to_json(schema, *descriptor, bytes, format_.decode, &unknown);
    if (unknown.empty()) co_return json;
    const bool found = co_await types_.find(std::move(unknown));
    if (!found) co_return json;
  }
}

Task<Status> DynamicCall::print(const Message& message) {
  const Result<std::string> bytes = wire_.decode(*method_.descriptor->output_type(), message);
  if (!bytes.ok()) co_return bytes.status();
  const Result<std::string> json = co_await show(*bytes);
  if (!json.ok()) co_return json.status();
  const std::string text = print_json(*json, format_.layout, format_.style) + "\n";
  // Flushed at once: somebody may be reading as the responses come.
  output_ok_ = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
               std::fflush(stdout) == 0 && output_ok_;
  if (output_ok_) co_return Status();
  co_return aborted("standard output does not take the response");
}

}  // namespace weft::cli
