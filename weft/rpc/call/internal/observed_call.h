#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "weft/coro/frame/frame_pool.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/grpc/deframer.h"

namespace weft::rpc {

/// Counts what a call reads and writes, in its stats: stands in front of its messages.
class CountedMessages {
 public:
  /// Framed: each message also has its size and gRPC's prefix on the wire; the transport takes off
  /// what compression saves.
  enum class Wire : std::uint8_t { None, Framed };

  CountedMessages(Call& call, CallStats& stats, Wire wire) noexcept;
  CountedMessages(const CountedMessages&) = delete;
  CountedMessages& operator=(const CountedMessages&) = delete;
  ~CountedMessages();

 private:
  struct Count {
    std::uint64_t& messages;
    std::uint64_t& bytes;
    std::uint64_t& wire_bytes;
    Wire wire;
    void add(std::uint64_t size) noexcept {
      ++messages;
      bytes += size;
      if (wire == Wire::Framed) wire_bytes += kMessagePrefix + size;
    }
  };
  struct Requests final : MessageReader {
    Requests(MessageReader& from, Count count) noexcept : source(from), counted(count) {}
    Poll poll(Message& out) override;
    void wait(Waiter& waiter) noexcept override { source.wait(waiter); }
    bool unwait() noexcept override { return source.unwait(); }
    bool rewind() noexcept override { return source.rewind(); }
    void hold(const void* object, Measure memory) override { source.hold(object, memory); }
    MessageReader& source;
    Count counted;
  };
  struct Responses final : MessageWriter {
    Responses(MessageWriter& to, Count count) noexcept : sink(to), counted(count) {}
    Poll offer(const Message& message) override;
    Poll take(Message& message) override;
    void wait(Waiter& waiter) noexcept override { sink.wait(waiter); }
    bool unwait() noexcept override { return sink.unwait(); }
    MessageWriter& sink;
    Count counted;
  };

  static Count count(bool sent, CallStats& stats, Wire wire) noexcept;

  Call& call_;
  Requests requests_;
  Responses responses_;
};

/// A call with an observer, from its on_begin() to its on_end(). On a server it counts messages; on
/// a client its attempts do.
class ObservedCall final : public coro::Pooled, public CallStats {
 public:
  /// Whether somebody serves the call's path. Where nobody does, and no middleware answers it with
  /// OK, it was refused.
  enum class Path : std::uint8_t { Served, Unknown };

  ObservedCall(Observer& observer, Call& call, Path path = Path::Served,
               CountedMessages::Wire wire = CountedMessages::Wire::None);
  ObservedCall(const ObservedCall&) = delete;
  ObservedCall& operator=(const ObservedCall&) = delete;
  /// A call that is dropped ends with what was decided, or else with CANCELLED.
  ~ObservedCall();
  /// Of a call that is known to be one of these.
  static ObservedCall& of(Call& call) noexcept { return static_cast<ObservedCall&>(*call.stats()); }

  /// Its middlewares and its handler run from now on.
  void handler_begins() noexcept { handler_began_ = call_.loop().now(); }
  /// What the client is told, whatever end() is given later.
  void decided(const Status& status) noexcept { decided_ = status; }
  void end(const Status& status) noexcept;

 private:
  Observer& observer_;
  Call& call_;
  std::optional<CountedMessages> messages_;
  std::optional<Status> decided_;
  TimePoint begun_;
  TimePoint handler_began_{};
  Path path_;
  bool ended_ = false;
};

/// An attempt of a client's call; its figures are added to those of the call.
class ObservedAttempt {
 public:
  /// `attempts`: where the transport does not count them.
  ObservedAttempt(Observer& observer, Call& call, std::uint32_t attempts,
                  CountedMessages::Wire wire);
  ObservedAttempt(const ObservedAttempt&) = delete;
  ObservedAttempt& operator=(const ObservedAttempt&) = delete;
  ~ObservedAttempt();

  void end(const Status& status) noexcept;

 private:
  Observer& observer_;
  Call& call_;
  CallStats* const outer_;  // what the call had before; null: nothing
  CallStats stats_;
  std::optional<CountedMessages> messages_;
  TimePoint begun_;
  bool ended_ = false;
};

/// Who brought about a connection's end that has this status.
inline ConnectionEvent::By by_of(const Status& status) noexcept {
  switch (status.origin()) {
    case Origin::Peer:
      return ConnectionEvent::By::Peer;
    case Origin::Transport:
      return ConnectionEvent::By::Network;
    default:
      return ConnectionEvent::By::Local;
  }
}

/// An observer that tells `first`, which may be null, and then `more`.
std::shared_ptr<Observer> joined(std::shared_ptr<Observer> first, std::shared_ptr<Observer> more);

}  // namespace weft::rpc
