#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weft/coro/context.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/message/message_stream.h"
#include "weft/rpc/inproc/internal/inproc_server.h"
#include "weft/rpc/inproc/internal/local_call.h"

namespace weft::rpc {

/// The ends of a CrossCall, each on a loop of its own.
enum class CrossEnd : std::uint8_t { Caller, Server };

/// A call whose caller and whose handler are on different loops, each with its thread. The two ends
/// share this; messages are passed on as bytes, as many as are bounded.
class CrossCall final : public std::enable_shared_from_this<CrossCall>, private LocalCaller {
 public:
  /// What of a call its handler's loop gets.
  struct Head {
    std::string path;
    TimePoint deadline = kNever;
    Metadata metadata;
    std::unique_ptr<const Context> carried{};
    std::string format{};
    std::size_t max_send_size = SIZE_MAX;
    std::size_t max_receive_size = SIZE_MAX;
  };

  CrossCall(net::Loop& caller, InprocPart& part, Head head);
  CrossCall(const CrossCall&) = delete;
  CrossCall& operator=(const CrossCall&) = delete;
  ~CrossCall() = default;

  // For the caller's loop.

  /// Hands the call to its loop. False where that has ended.
  bool start();
  MessageWriter& requests() noexcept { return request_writer_; }
  MessageReader& responses() noexcept { return response_reader_; }
  /// No more requests.
  void end_requests() noexcept { requests_.end(); }
  /// The caller waits no more: what it asks for is Closed or at its End from now on.
  void cancel(const Status& reason) noexcept;
  /// What was told of the response's metadata, once.
  std::optional<Metadata> take_response_metadata();
  /// How it ended; nothing while it has not.
  std::optional<Status> status();
  Metadata take_trailers();

 private:
  /// Bounds of what waits between the two: one message at least.
  static constexpr std::size_t kMostBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kMostMessages = 64;

  /// One direction, with the flags of who waits. With its mutex.
  struct Queue {
    explicit Queue(CrossCall& of, CrossEnd from, CrossEnd to) noexcept
        : call(of), writer(from), reader(to) {}
    /// The last request is followed by no other; behind the last response comes the status.
    bool ends_with_last() const noexcept { return writer == CrossEnd::Caller; }
    MessageReader::Poll pop(Message& out);
    MessageWriter::Poll push(const Message& message);
    /// Whether whoever wants to read, or to write, has to wait; it is woken then.
    bool reader_waits() noexcept;
    bool writer_waits() noexcept;
    void end() noexcept;
    void close() noexcept;

    CrossCall& call;
    const CrossEnd writer;
    const CrossEnd reader;
    std::mutex mutex;
    std::deque<Message> messages;
    std::size_t bytes = 0;
    bool ended = false;
    bool closed = false;
    bool reader_asleep = false;
    bool writer_asleep = false;
  };
  struct Reader final : MessageReader {
    Reader(Queue& of, net::Loop& on) noexcept : queue(of), loop(on) {}
    Poll poll(Message& out) override { return queue.pop(out); }
    void wait(Waiter& waiter) noexcept override;
    bool unwait() noexcept override { return std::exchange(waiting, nullptr) != nullptr; }
    Queue& queue;
    net::Loop& loop;
    Waiter* waiting = nullptr;  // touched on its loop only
  };
  struct Writer final : MessageWriter {
    Writer(Queue& of, net::Loop& on) noexcept : queue(of), loop(on) {}
    Poll offer(const Message& message) override { return queue.push(message); }
    void wait(Waiter& waiter) noexcept override;
    bool unwait() noexcept override { return std::exchange(waiting, nullptr) != nullptr; }
    Queue& queue;
    net::Loop& loop;
    Waiter* waiting = nullptr;  // touched on its loop only
  };
  class Arrival;

  // LocalCaller, on the server's loop
  void on_response_metadata(Metadata& metadata) noexcept override;
  void on_ended(Status status, Metadata& trailers, bool goes_on) noexcept override;
  void go_on_at_top() noexcept override {}
  void arrive();
  void wake(CrossEnd end) noexcept;
  void wake_here(CrossEnd end) noexcept;

  const std::shared_ptr<net::LoopAnchor> caller_loop_;
  const std::shared_ptr<net::LoopAnchor> server_loop_;
  const std::shared_ptr<InprocServer> server_;  // of part_
  InprocPart& part_;
  Head head_;
  Queue requests_{*this, CrossEnd::Caller, CrossEnd::Server};
  Queue responses_{*this, CrossEnd::Server, CrossEnd::Caller};
  Writer request_writer_;
  Reader request_reader_;
  Writer response_writer_;
  Reader response_reader_;
  // On the server's loop only: what serves it, and this for as long.
  LocalCall* local_ = nullptr;
  std::shared_ptr<CrossCall> keep_;

  std::mutex mutex_;
  std::optional<Metadata> response_metadata_;  // with mutex_, until it is taken
  std::optional<Status> status_;               // with mutex_
  Metadata trailers_;                          // with mutex_
};

}  // namespace weft::rpc
