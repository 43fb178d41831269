#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "weft/base/intrusive_list.h"
#include "weft/coro/context.h"
#include "weft/edge/client/internal/content_kind.h"
#include "weft/edge/client/internal/edge_channel.h"
#include "weft/edge/client/internal/request_body.h"
#include "weft/http1/client/client.h"
#include "weft/rpc/call/call.h"

namespace weft::edge {

/// One call as an HTTP request: sends its requests, gives it what is answered, and ends with its
/// status. Lives in the coroutine that serves the call, on its loop.
///
///     request ──▶ head ──unary Connect──▶ the body is the message, or the error
///                   └────envelopes─────▶ message, message, …, end
class EdgeAttempt : public ListNode {
 public:
  EdgeAttempt(const EdgeSetup& setup, http1::Client& http, Call& call)
      : setup_(setup), http_(http), call_(call), context_(&call.context()) {}

  Task<Status> run();
  /// Ends the call from outside.
  void cancel(const Status& reason) noexcept { context_.cancel(reason); }

 private:
  bool is_web() const noexcept { return setup_.destination.protocol == ClientProtocol::GrpcWeb; }
  std::string_view format() const noexcept;
  Status check() const;
  Task<Status> exchange();
  Task<Result<http1::Request>> make_request();
  Result<http1::Request> make_whole_request(const Message& message);
  Task<Status> read_answer(http1::ResponseStream stream);

  Task<Status> read_unary(http1::ResponseStream stream);
  Task<Status> read_unary_error(http1::ResponseStream stream);
  Task<Status> read_envelopes(http1::ResponseStream stream);
  Task<Status> deliver(Bytes content, bool compressed);
  Status take_end_in_head();
  Status end_of(Bytes content, bool compressed);
  Task<Status> briefly(Task<Status> reading);
  Status take_encoding(std::string_view name, std::string_view value);
  Result<Bytes> inflate(Bytes content, const ContentKind& kind) const;
  void announce() noexcept;

  const EdgeSetup& setup_;
  http1::Client& http_;
  Call& call_;
  Context context_;
  bool unary_ = false;  // Connect's, without envelopes
  std::shared_ptr<RequestBody> body_;
  Compression arriving_ = Compression::Identity;
  bool announced_ = false;
  // gRPC-Web's status, as long as no body has come.
  std::optional<Status> end_in_head_;
};

}  // namespace weft::edge
