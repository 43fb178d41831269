#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/http1/client/internal/client_setup.h"
#include "weft/http1/client/internal/pool/origin_pool.h"
#include "weft/http1/client/internal/response_parser.h"
#include "weft/http1/client/internal/upload.h"
#include "weft/http1/client/request.h"
#include "weft/http1/client/response.h"

namespace weft::http1 {

/// One request and its response on a connection, which it gives back at the end of both. Belongs to
/// one loop; its errors do not name the request.
class Exchange {
 public:
  Exchange(Lease lease, std::shared_ptr<const ClientSetup> setup, std::string method);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  /// Sends the request and ends when the head of the final response is there. `head` is the
  /// request's, `context` what its body is made in.
  Task<Status> start(std::string head, const Request& request, Context* context);
  /// After a failed start(): not a byte of a response came, on a connection that had served before.
  bool ended_before_response() const noexcept { return reused_ && !received_; }

  /// After start().
  void take_head(ResponseInfo& into) const { parser_.take_head(into); }
  std::optional<std::uint64_t> length() const noexcept { return parser_.length(); }
  /// The whole body was read, or there is none.
  bool at_end() const noexcept { return parser_.at_end(); }
  /// The next part of the body; empty at the end.
  Task<Result<Bytes>> read();
  const Fields& trailers() const noexcept { return trailers_; }
  /// When reading has to end.
  void set_deadline(TimePoint deadline) noexcept { deadline_ = deadline; }
  /// What errors of read() begin with.
  void set_name(std::string name) { name_ = std::move(name); }
  const std::string& name() const noexcept { return name_; }

 private:
  Task<Status> fill();
  Status take(net::IoResult& result);
  TimePoint limit_of(TimePoint begun) const noexcept;
  Status too_late() const;
  Status broken(StatusCode code, const std::string& why) const;
  Status fail(Status why);
  void finish();

  const std::shared_ptr<const ClientSetup> setup_;
  std::optional<Lease> lease_;  // until the end
  const bool reused_;
  bool received_ = false;
  std::size_t received_at_once_ = 0;
  TimePoint deadline_ = kNever;
  std::string name_;
  ResponseParser parser_;
  Status failure_;
  Fields trailers_;
  // Last: it refers to the connection.
  std::optional<Upload> upload_;
};

}  // namespace weft::http1
