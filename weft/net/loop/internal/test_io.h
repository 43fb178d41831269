#pragma once

// What this room's tests share: running a task on a loop, and reading and writing in coroutines.

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/wait.h"

namespace weft::net::test {

inline Address loopback(std::uint16_t port = 0) { return *Address::ip("127.0.0.1", port); }

// Long enough for any machine; only a defect makes a test wait for it.
inline constexpr Duration kTestLimit = std::chrono::seconds(20);

/// Stops a loop's run() when a test has hung.
struct Watchdog : Timer {
  explicit Watchdog(Loop& watched) : Timer(&Watchdog::bark), loop(watched) {
    watched.arm(*this, after(watched.now(), kTestLimit));
  }
  static void bark(Timer& timer) noexcept {
    ADD_FAILURE() << "the test did not end in time";
    static_cast<Watchdog&>(timer).loop.stop();
  }
  Loop& loop;
};

/// Runs `task` on `loop`, in `context` if given, until it ends, and gives its result.
template <class T>
T run(AsioLoop& loop, Task<T> task, Context* context = nullptr) {
  Watchdog watchdog(loop);
  loop.enter([&] {
    task.start(context, {.function = [](void* loop) noexcept { static_cast<Loop*>(loop)->stop(); },
                         .argument = static_cast<Loop*>(&loop)});
  });
  loop.run();
  if (!task.done()) throw std::runtime_error("the task did not end");
  return task.take();
}

/// Waits until a stream is ready; the stream must outlive it.
class StreamWait final : public Wait, public StreamHandler {
 public:
  explicit StreamWait(Stream& stream) : Wait(*Loop::current()), stream_(stream) {
    stream_.set_handler(this);
  }
  ~StreamWait() { stream_.set_handler(nullptr); }
  void on_readable() noexcept override { complete(); }
  void on_writable() noexcept override { complete(); }

 private:
  Stream& stream_;
};

/// What is there to read, once there is something; empty at the end.
inline Task<Result<std::string>> read_some(Stream& stream, std::size_t limit = 65536) {
  std::string text(limit, '\0');
  while (true) {
    IoResult result = stream.read(text);
    if (result.kind == IoResult::Kind::Failed) co_return result.error;
    if (result.kind != IoResult::Kind::WouldBlock) {
      text.resize(result.size);
      co_return text;
    }
    StreamWait wait(stream);
    stream.want_read();
    const Status status = co_await wait;
    if (!status.ok()) co_return status;
  }
}

/// Reads `size` bytes, or what there is before the end.
inline Task<Result<std::string>> read_exactly(Stream& stream, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    Result<std::string> part =
        co_await read_some(stream, std::min<std::size_t>(size - all.size(), 65536));
    if (!part) co_return part.status();
    if (part->empty()) break;
    all += *part;
  }
  co_return all;
}

inline Task<Result<std::string>> read_to_end(Stream& stream) {
  return read_exactly(stream, static_cast<std::size_t>(-1) / 2);
}

inline Task<Status> write_all(Stream& stream, std::string text) {
  std::string_view left = text;
  while (!left.empty()) {
    const iovec slice{.iov_base = const_cast<char*>(left.data()), .iov_len = left.size()};
    IoResult result = stream.write({&slice, 1});
    if (result.kind == IoResult::Kind::Failed) co_return result.error;
    left.remove_prefix(result.size);
    if (result.kind == IoResult::Kind::Done) continue;
    StreamWait wait(stream);
    stream.want_write();
    const Status status = co_await wait;
    if (!status.ok()) co_return status;
  }
  co_return ok_status();
}

/// A listener that keeps what it accepted; `co_await next()` gives a stream.
class Accepting {
 public:
  Result<Address> start(Loop& loop, const Address& address, const ListenOptions& options = {}) {
    Result<std::unique_ptr<Listener>> made =
        loop.listen(address, options, [this](std::unique_ptr<Accepted> accepted) {
          accepted_.push_back(std::move(accepted));
          if (waiting_ != nullptr) waiting_->complete();
        });
    if (!made) return made.status();
    listener = std::move(made).value();
    return listener->address();
  }
  Task<std::unique_ptr<Stream>> next() {
    if (accepted_.empty()) {
      Wait wait(*Loop::current());
      waiting_ = &wait;
      const Status status = co_await wait;
      waiting_ = nullptr;
      if (!status.ok()) co_return nullptr;
    }
    std::unique_ptr<Accepted> first = take();
    co_return first->bind_to(*Loop::current());
  }
  std::unique_ptr<Accepted> take() {
    std::unique_ptr<Accepted> first = std::move(accepted_.front());
    accepted_.erase(accepted_.begin());
    return first;
  }
  std::size_t waiting() const { return accepted_.size(); }

  std::unique_ptr<Listener> listener;

 private:
  std::vector<std::unique_ptr<Accepted>> accepted_;
  Wait* waiting_ = nullptr;
};

}  // namespace weft::net::test
