#pragma once

#include <vector>

#include "weft/coro/task.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/message/message_stream.h"
#include "weft/rpc/service.h"

/// What the compression tests ask and an application has no business with: whether a message that
/// arrived was compressed. Middlewares on both sides put these before the call's own streams.
namespace weft::interop {

/// A call's requests, which remembers how the last one came.
class ObservedRequests final : public MessageReader {
 public:
  explicit ObservedRequests(MessageReader& inner) noexcept : inner_(inner) {}
  Poll poll(Message& out) override;
  void wait(Waiter& waiter) noexcept override { inner_.wait(waiter); }
  bool unwait() noexcept override { return inner_.unwait(); }

  bool last_was_compressed() const noexcept { return last_was_compressed_; }

 private:
  MessageReader& inner_;
  bool last_was_compressed_ = false;
};

/// A server's middleware: the calls it lets through have ObservedRequests as requests().
Task<Status> observe_requests(Call& call, Next next);

/// For each response of the call that began last, whether it came compressed. For calls of one loop
/// that do not overlap.
using ResponseCompression = std::vector<bool>;

/// What a client's middleware does that fills `log`, which must outlive the call.
Task<Status> observe_responses(Call& call, Next next, ResponseCompression& log);

}  // namespace weft::interop
