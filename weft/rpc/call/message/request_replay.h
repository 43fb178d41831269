#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/rpc/call/message/message_stream.h"

namespace weft::rpc {

/// Keeps a call's requests so that each of several readers gets all of them from the first: what
/// repeated calls send. Reads from the source only what a reader asks for. When one reader is
/// chosen, what it has read is let go and it reads from the source itself. Belongs to one loop.
class RequestReplay : private Waiter {
 public:
  class Reader;
  /// Called, once, when `reader` takes the message with which more than the limit is kept.
  using Overflow = void (*)(void* argument, Reader& reader, std::size_t kept) noexcept;

  RequestReplay(MessageReader& source, Executor& executor, std::size_t limit, Overflow overflow,
                void* argument) noexcept
      : Waiter(&RequestReplay::source_ready),
        source_(source),
        executor_(executor),
        limit_(limit),
        overflow_(overflow),
        argument_(argument) {}
  RequestReplay(const RequestReplay&) = delete;
  RequestReplay& operator=(const RequestReplay&) = delete;
  ~RequestReplay() {
    if (waiting_) source_.unwait();
  }

  /// From now on only `reader` reads; the others find nothing more.
  void choose(Reader& reader) noexcept;
  /// Bytes that are kept, without a request that lies with the source.
  std::size_t kept() const noexcept { return kept_bytes_; }

 private:
  MessageReader::Poll poll(Reader& reader, Message& out);
  void wait(Reader& reader, Waiter& waiter) noexcept;
  MessageReader::Poll give_only(Reader& reader, Message& out);
  MessageReader::Poll pull();
  void let_go(const Reader& reader);
  bool at_front(const Reader& reader) const noexcept;
  static void source_ready(Runnable& runnable) noexcept;

  MessageReader& source_;
  Executor& executor_;
  std::size_t limit_;
  Overflow overflow_;
  void* argument_;
  IntrusiveList<Reader> readers_;
  Reader* chosen_ = nullptr;
  // The only request, which the source has for as long as there is a call: nothing is kept then.
  std::optional<Message> only_;
  std::vector<Message> kept_;
  std::size_t kept_bytes_ = 0;
  std::size_t gone_ = 0;  // messages before kept_
  bool waiting_ = false;  // as the source's waiter
  bool ended_ = false;    // what is kept is all there is
};

/// One reader of the requests; must not outlive the replay.
class RequestReplay::Reader final : public MessageReader, private ListNode {
 public:
  /// `owner`: whose requests these are, for Overflow.
  explicit Reader(RequestReplay& replay, void* owner = nullptr) noexcept
      : replay_(replay), owner_(owner) {
    replay.readers_.push_back(*this);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    unwait();
    if (replay_.chosen_ == this) replay_.chosen_ = nullptr;
  }

  void* owner() const noexcept { return owner_; }
  Poll poll(Message& out) override { return replay_.poll(*this, out); }
  void wait(Waiter& waiter) noexcept override { replay_.wait(*this, waiter); }
  bool unwait() noexcept override {
    const bool waited = std::exchange(waiter_, nullptr) != nullptr;
    return std::exchange(at_source_, false) ? replay_.source_.unwait() : waited;
  }
  /// Its call is over: there is nothing more for it.
  void close() noexcept;
  bool rewind() noexcept override {
    if (replay_.gone_ != 0 && next_ != 0) return false;
    next_ = 0;
    return true;
  }

 private:
  friend class RequestReplay;
  friend class IntrusiveList<Reader>;
  RequestReplay& replay_;
  void* owner_;
  Waiter* waiter_ = nullptr;  // also while it is at the source
  std::size_t next_ = 0;
  bool at_source_ = false;  // its waiter was given to the source
  bool closed_ = false;
};

}  // namespace weft::rpc
