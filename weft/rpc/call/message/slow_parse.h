#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "weft/base/function.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/codec/message.h"
#include "weft/codec/protobuf.h"
#include "weft/coro/context.h"
#include "weft/coro/executor.h"
#include "weft/rpc/call/message/message_stream.h"

namespace google::protobuf {
class MessageLite;
}  // namespace google::protobuf

namespace weft::rpc {

/// A message that takes longer to parse than a turn of the loop may: 4 MiB of small fields make
/// millions of objects, for a tenth of a second. The loop tries for kLongest, and longer for larger
/// ones, a millisecond at most; then the message is parsed from its start by one of the few threads
/// for such messages, while the loop serves others. Where those of its type took longer of late,
/// the loop does not try. Of a request that is not in a stream, what it becomes is destroyed there
/// as well, as that takes half as long again; messages of a Reader belong to its user.
///
/// In a simulation, whose time stands still meanwhile, each is parsed at once.
///
/// Belongs to the loop that it was made on. It may be destroyed while the thread is at work.
class SlowParse : private CancelHook {
 public:
  static constexpr Duration kLongest = std::chrono::microseconds(250);
  /// In place of kLongest: for programs in which instructions are counted, whose time goes slower.
  /// Before the first call.
  static void set_longest(Duration longest) noexcept { longest_ = longest; }
  /// What a message may take beyond that: copying alone takes less.
  static constexpr std::size_t kBytesPerMicrosecond = 1000;
  /// No message of this many bytes takes as long.
  static constexpr std::size_t kNeverSlow = codec::ParseLimit::kFirstStep;

  /// Parses `message` into `into`; or makes `slow`, where that takes longer: what `into` has then
  /// is counted nowhere, so renew() it.
  static std::optional<Status> try_parse(const Message& message,
                                         google::protobuf::MessageLite& into,
                                         std::unique_ptr<SlowParse>& slow);
  SlowParse(const SlowParse&) = delete;
  SlowParse& operator=(const SlowParse&) = delete;
  ~SlowParse();

  /// Makes `waiter` ready once it is done, or `context` is cancelled. At most one.
  void wait(Waiter& waiter, Context& context) noexcept;
  bool done() const noexcept;

  /// Bytes of the message on its way.
  std::size_t size() const noexcept;
  /// Tells `reader` what the memory is that its last message takes; before it is done, the bytes.
  void hold(MessageReader& reader) const;

  // Once it is done:

  /// As codec::parse() says.
  Status& status() noexcept;
  /// The parsed message, of the type of `into`, for destroy_elsewhere() in the end.
  google::protobuf::MessageLite* take() noexcept;
  /// Has the parsed message and `into` change places, and destroys what that was elsewhere.
  template <class T>
  void swap_into(T& into);

 private:
  struct Work;
  class Queue;
  static Queue& queue() noexcept;
  explicit SlowParse(const std::shared_ptr<Work>& work) noexcept
      : CancelHook(&SlowParse::on_cancelled), work_(work) {}
  static void on_cancelled(CancelHook& hook, const Status& reason) noexcept;
  inline static constinit Duration longest_ = kLongest;
  std::shared_ptr<Work> work_;
};

/// Destroys `message` on a thread for messages that are slow to parse.
void destroy_elsewhere(google::protobuf::MessageLite* message) noexcept;
/// Empties `message`; destroys there what it had.
template <class T>
void renew(T& message) {
  auto* const old = new T;
  message.Swap(old);
  destroy_elsewhere(old);
}
/// Runs `work` there, once those are destroyed that are to be.
void run_after_destroying(UniqueFunction<void()> work);

template <class T>
void SlowParse::swap_into(T& into) {
  T* const parsed = static_cast<T*>(take());
  into.Swap(parsed);
  destroy_elsewhere(parsed);
}

}  // namespace weft::rpc
