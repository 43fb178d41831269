#pragma once

#include <string>
#include <utility>

#include "weft/base/status.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/call_options.h"
#include "weft/rpc/client/client_stream.h"

#include "tools/weft/call/call_trace.h"
#include "tools/weft/call/request_source.h"
#include "tools/weft/call/wire_format.h"
#include "tools/weft/json/json_codec.h"
#include "tools/weft/json/json_print.h"
#include "tools/weft/schema/any_types.h"
#include "tools/weft/schema/schema.h"

namespace weft::cli {

/// A client's end of a call whose types are not known when this program is compiled: of any kind of
/// method, with messages as bytes.
class BytesStream final : public ClientStream {
 public:
  explicit BytesStream(rpc::StreamingCall::Handle handle) noexcept
      : ClientStream(std::move(handle)) {}

  /// The next response; nothing at the end.
  auto read() { return handle_->responses().read(); }
  /// False when the call is over. `message` must live until this has been awaited.
  auto write(const Message& message) { return handle_->requests().write(message); }
  void half_close() { handle_->half_close(); }
  void cancel(const Status& reason) { handle_->cancel(reason); }
  /// Waits for the end; responses that were not read are dropped.
  Task<Status> finish() { return wait_end(*handle_); }
};

/// How responses are shown.
struct ResponseFormat {
  JsonLayout layout = JsonLayout::Compact;
  DecodeOptions decode;
  Style style;
};

/// Calls `method` with the JSON values of `requests`, each sent when it has come in the format
/// `wire`, and prints each response on standard output when it has come. Everything given must
/// outlive the task.
class DynamicCall {
 public:
  DynamicCall(AnyTypes& types, const Method& method, const WireFormat& wire,
              const ResponseFormat& format, CallTrace& trace) noexcept
      : schema_(types.schema()),
        types_(types),
        method_(method),
        wire_(wire),
        format_(format),
        trace_(trace) {}

  /// The status of the call; INVALID_ARGUMENT of local origin when the requests are at fault, after
  /// which the call is cancelled.
  Task<Status> run(Service& service, const CallOptions& options, RequestSource& requests);

  /// Whether standard output took everything.
  bool output_ok() const noexcept { return output_ok_; }

 private:
  /// A request from its JSON as it travels.
  Result<Bytes> request_of(const JsonText& json) const;
  Task<> send_only(Bytes bytes, BytesStream& stream);
  Task<> send_all(RequestSource& requests, BytesStream& stream);
  void refuse(const Status& status, BytesStream& stream);
  Task<Status> receive(BytesStream& stream);
  Task<Status> print(const Message& message);
  /// The response as JSON; asks for types of an Any that are not known yet.
  Task<Result<std::string>> show(const std::string& bytes);

  const Schema& schema_;  // of the requests
  AnyTypes& types_;
  const Method& method_;
  const WireFormat& wire_;
  const ResponseFormat& format_;
  CallTrace& trace_;
  Status input_error_;
  bool output_ok_ = true;
};

}  // namespace weft::cli
