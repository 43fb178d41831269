#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/http1/client/body_source.h"
#include "weft/http1/client/internal/pool/connection.h"
#include "weft/http1/client/request.h"

namespace weft::http1 {

/// Sends one request, beside the reading of its response. Destroyed, it stops where it is.
class Upload {
 public:
  enum class State : std::uint8_t { Running, Sent, Failed };

  /// The connection outlives it. `stall`: how long the server may take nothing.
  Upload(Connection& connection, Duration stall) noexcept
      : connection_(connection), stall_(stall) {}
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  /// Begins to send; what the connection does not take at once is sent by a task of its own, in a
  /// context with the deadline and the trace of `context`, which may be null.
  void start(std::string head, const Request& request, Context* context);

  State state() const noexcept { return state_; }
  /// When it was sent.
  TimePoint sent_at() const noexcept { return sent_at_; }
  /// Of a failed one: why.
  const Status& status() const noexcept { return status_; }
  /// It failed by the request's own fault, or a limit: the response does not matter any more.
  bool is_fatal() const noexcept { return state_ == State::Failed && fatal_; }

 private:
  static Task<> run(Upload& self);
  Task<Status> send_all();
  Task<Status> send_source();
  Task<Status> send_part(const Bytes& part);
  /// Writes the pieces, waiting where it has to.
  Task<Status> write(std::string_view first, std::string_view second, std::string_view third);
  void write_now();
  Status fail(Status why) noexcept;
  void end(const Status& status) noexcept;

  Connection& connection_;
  const Duration stall_;
  State state_ = State::Running;
  bool fatal_ = false;
  std::string head_;
  std::size_t written_ = 0;  // of the head and the body together
  Bytes body_;
  std::shared_ptr<BodySource> source_;
  std::optional<std::uint64_t> left_;  // of a source that told its size
  TimePoint sent_at_{};
  Status status_;
  std::unique_ptr<Context> context_;
  // Last: the frame is destroyed first.
  std::optional<Task<>> task_;
};

}  // namespace weft::http1
