#include "weft/testing/scripted_service.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "weft/net/loop/loop.h"

namespace weft::testing {

class ScriptedService::Running {
 public:
  explicit Running(std::size_t& count) noexcept : count_(count) { ++count_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { --count_; }

 private:
  std::size_t& count_;
};

Task<Status> ScriptedService::serve(Call& call) {
  const Script& script = scripts_.at(std::min(seen_.size(), scripts_.size() - 1));
  Seen& seen = seen_.emplace_back();
  seen.begun = call.loop().now();
  seen.previous_attempts = call.previous_attempts();
  seen.metadata = std::as_const(call).request_metadata();
  return run(call, script, seen);
}

Task<Status> ScriptedService::run(Call& call, const Script& script, Seen& seen) {
  const Running running(running_);
  Status status = co_await play(call, script, seen);
  // As a transport does: a call that is over ends for that reason.
  if (call.context().is_cancelled()) status = call.context().cancel_reason();
  seen.ended = status;
  seen.ended_at = call.loop().now();
  co_return status;
}

Task<Status> ScriptedService::play(Call& call, const Script& script, Seen& seen) {
  call.watch_deadline();
  while (script.reads_requests) {
    const std::optional<Message> request = co_await call.requests().read();
    if (!request) break;
    const Bytes& bytes = request->bytes();
    seen.requests.emplace_back(bytes.data(), bytes.size());
    if (request->last()) break;
  }
  Status slept = co_await net::sleep(script.takes);
  if (!slept.ok()) co_return slept;
  if (script.announces || !script.responses.empty()) {
    call.response_metadata() = script.response_metadata;
    call.announce_response_metadata();
  }
  for (const std::string& text : script.responses) {
    const Message message(Bytes::copy_of(text));
    if (!co_await call.responses().write(message)) co_return cancelled("not taken");
  }
  slept = co_await net::sleep(script.then_takes);
  if (!slept.ok()) co_return slept;
  call.trailers() = script.trailers;
  co_return script.status;
}

}  // namespace weft::testing
