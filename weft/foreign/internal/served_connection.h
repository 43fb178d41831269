#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/coro/context.h"
#include "weft/coro/event.h"
#include "weft/coro/scope.h"
#include "weft/coro/task.h"
#include "weft/foreign/internal/server_format.h"
#include "weft/foreign/server_limits.h"
#include "weft/rpc/protocol/wire_protocol.h"

namespace weft::foreign {

/// Serves the requests of a connection beside each other; answers go out as they come, those of a
/// turn in one piece. Lives in the task of the WireProtocol.
///
///     read_all() ──request──▶ serve() ──answer──▶ output_ ──▶ write_all()
///        ▲                                          │
///        └──────── waits while too much is pending ─┘
class ServedConnection {
 public:
  /// All outlive this.
  ServedConnection(rpc::WireConnection& connection, ServerFormat& format,
                   const ServerLimits& limits) noexcept;
  ServedConnection(const ServedConnection&) = delete;
  ServedConnection& operator=(const ServedConnection&) = delete;

  /// Until the peer goes or the server stops, and all calls have ended.
  Task<> run();

 private:
  class Serving;

  Task<> read_all();
  Task<Result<std::size_t>> read(std::span<char> into);
  Task<Result<std::size_t>> read_until(TimePoint deadline, std::span<char> into);
  Task<bool> take_requests();
  Task<> discard();
  bool has_room() const noexcept;
  Task<> wait_for_room();
  Task<> read_ahead();
  Task<> serve(Request request);
  Task<> end_calls();
  Task<> write_all();
  Task<Status> send(std::string_view bytes);
  Task<Status> send_block(std::string_view bytes);
  Task<> watch_drain();
  void answer(const Request& request, const Status& status, std::string_view message);
  void break_off();
  void fail(const Status& reason) noexcept;
  std::size_t pending() const noexcept { return serving_bytes_ + output_.size() + sending_.size(); }
  void account() noexcept;

  rpc::WireConnection& connection_;
  ServerFormat& format_;
  const ServerLimits& limits_;
  Context reading_;  // cancelled where no more is to be read
  Scope calls_;
  Scope writing_;
  Scope watching_;
  Event room_;
  Event has_output_;
  std::string output_;
  std::string sending_;
  std::size_t serving_bytes_ = 0;
  TimePoint request_since_{};  // when the request that is not complete has begun
  std::string ahead_;          // a block that came while there was no room for a call
  bool ahead_ended_ = false;   // then the peer has closed its sending side
  bool half_closed_ = false;
  bool over_ = false;  // no more output comes
};

}  // namespace weft::foreign
