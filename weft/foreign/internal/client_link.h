#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "weft/base/status.h"
#include "weft/foreign/internal/client_format.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"
#include "weft/net/socket/stream.h"

namespace weft::foreign {

/// What calls a channel's connection may have at a time.
struct LinkLimits {
  std::size_t max_calls = 0;
  std::size_t max_unsent_bytes = 0;
};

/// A call that waits for its answer; lives in its coroutine.
struct PendingCall {
  explicit PendingCall(net::Loop& loop) noexcept : wait(loop) {}
  net::Wait wait;
  const MessageTypes* types = nullptr;
  Answer answer;
  bool answered = false;  // `answer` says how, also where the connection was lost
};

/// A connection to a foreign server: calls go out together at the end of a turn, and answers come
/// in any order. Belongs to its loop.
class ClientLink final : private net::StreamHandler,
                         private net::TurnEndHook,
                         private PendingTypes {
 public:
  /// `name` is what errors call the server.
  ClientLink(net::Loop& loop, std::unique_ptr<net::Stream> stream,
             std::unique_ptr<ClientFormat> format, const LinkLimits& limits, std::string name);
  ~ClientLink();

  /// Sends a call, which `types` outlive; `id` is for leave(). Not OK where it was not sent.
  Status send(PendingCall& call, std::string_view name, const MessageTypes& types,
              std::string_view message, std::uint64_t& id);
  /// Nobody waits for the answer any more.
  void leave(std::uint64_t id) noexcept { pending_.erase(id); }
  /// Ends its calls with `reason`, and closes.
  void close(const Status& reason) noexcept;
  bool broken() const noexcept { return broken_; }

 private:
  // PendingTypes
  const MessageTypes* types_of(std::uint64_t id) const noexcept override;
  // net::StreamHandler
  void on_readable() noexcept override;
  void on_writable() noexcept override { write(); }
  // net::TurnEndHook
  void on_turn_end() noexcept override { write(); }

  void write() noexcept;
  bool take_bytes(std::string_view bytes);
  bool take_answers();
  void lost(std::string_view why) noexcept;

  net::Loop& loop_;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<ClientFormat> format_;
  const LinkLimits limits_;
  const std::string name_;
  std::unordered_map<std::uint64_t, PendingCall*> pending_;
  std::uint64_t next_id_ = 0;
  std::string output_;
  std::size_t sent_ = 0;  // of output_
  bool broken_ = false;
};

}  // namespace weft::foreign
