#include "weft/foreign/internal/served_connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "weft/foreign/internal/serve_request.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/server/handler.h"

namespace weft::foreign {
namespace {

constexpr std::size_t kReadBlock = std::size_t{8} * 1024;
constexpr std::size_t kWriteBlock = std::size_t{64} * 1024;  // ServerLimits::write_timeout names it
/// How long bytes of a peer that was not understood are read.
constexpr Duration kLinger = std::chrono::milliseconds(500);
/// An output that was larger is given back when it is empty.
constexpr std::size_t kKeptOutput = std::size_t{64} * 1024;
/// Of this object with its coroutines, and of each call with the frames of its handler.
constexpr std::size_t kConnectionMemory = sizeof(ServedConnection) + kReadBlock + 2048;
constexpr std::size_t kCallMemory = sizeof(Call) + 4096;

/// Empties `text`, and gives its memory back where that is much.
void clear(std::string& text) noexcept {
  text.clear();
  if (text.capacity() > kKeptOutput) std::string().swap(text);
}

}  // namespace

/// Counts a request while it is served.
class ServedConnection::Serving {
 public:
  Serving(ServedConnection& of, std::size_t bytes) noexcept : of_(of), bytes_(bytes) {
    of_.serving_bytes_ += bytes_;
  }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  ~Serving() {
    of_.serving_bytes_ -= bytes_;
    of_.room_.set();
  }

 private:
  ServedConnection& of_;
  std::size_t bytes_;
};

ServedConnection::ServedConnection(rpc::WireConnection& connection, ServerFormat& format,
                                   const ServerLimits& limits) noexcept
    : connection_(connection),
      format_(format),
      limits_(limits),
      reading_(&connection.context()),
      calls_(&connection.context()),
      writing_(&connection.context()),
      watching_(&connection.context()) {}

Task<> ServedConnection::run() {
  format_.begin(output_);
  account();
  writing_.spawn(write_all());
  watching_.spawn(watch_drain());
  bool failed = false;
  try {
    co_await read_all().in(reading_);
  } catch (...) {
    static_cast<void>(rpc::status_of_exception("a connection of a foreign protocol"));
    failed = true;
  }
  if (failed) fail(resource_exhausted("the server has no memory for this connection"));
  co_await end_calls();
  over_ = true;
  has_output_.set();
  co_await writing_.join();
  watching_.cancel(cancelled("the connection is over"));
  co_await watching_.join();
}

Task<> ServedConnection::watch_drain() {
  co_await connection_.drained();
  reading_.cancel(unavailable("the server is stopping"));
}

void ServedConnection::account() noexcept {
  connection_.set_memory(kConnectionMemory + format_.held() + serving_bytes_ + output_.capacity() +
                         sending_.capacity() + ahead_.capacity() + calls_.running() * kCallMemory);
}

/// Nothing that the peer sends or reads is of use any more.
void ServedConnection::fail(const Status& reason) noexcept {
  reading_.cancel(reason);
  calls_.cancel(reason);
  room_.set();
}

// ---- Reading -----------------------------------------------------------------------------------

Task<> ServedConnection::read_all() {
  std::array<char, kReadBlock> block;
  // The format may have bytes already.
  request_since_ = connection_.loop().now();
  bool understood = co_await take_requests();
  while (understood && !reading_.is_cancelled()) {
    const Result<std::size_t> size = co_await read(block);
    if (!size.ok()) {
      if (!connection_.draining()) fail(size.status());
      co_return;
    }
    half_closed_ = *size == 0;
    if (half_closed_) co_return;
    connection_.loop().add_work(1 + net::Loop::work_of_bytes(*size));
    if (!format_.in_request()) request_since_ = connection_.loop().now();
    format_.push({block.data(), *size});
    understood = co_await take_requests();
  }
  if (!understood) co_await discard();
}

/// Reads what the peer still sends: a connection that is closed with unread bytes is reset, and the
/// peer may lose what it was told last.
Task<> ServedConnection::discard() {
  const TimePoint deadline = after(connection_.loop().now(), kLinger);
  std::array<char, 1024> block;
  for (;;) {
    const Result<std::size_t> size = co_await read_until(deadline, block);
    if (!size.ok() || *size == 0) co_return;
  }
}

/// Within the time that there is for the rest of a request, or for the next one.
Task<Result<std::size_t>> ServedConnection::read(std::span<char> into) {
  if (!ahead_.empty() || ahead_ended_) {
    const std::size_t size = ahead_.copy(into.data(), into.size());
    ahead_.erase(0, size);
    return Result<std::size_t>(size);
  }
  net::Loop& loop = connection_.loop();
  Duration longest = kForever;
  TimePoint since = loop.now();
  if (format_.in_request()) {
    longest = limits_.request_timeout;
    since = request_since_;
  } else if (calls_.running() == 0) {
    longest = connection_.max_idle();
  }
  if (longest == kForever) return connection_.read(into);
  return read_until(after(since, longest), into);
}

Task<Result<std::size_t>> ServedConnection::read_until(TimePoint deadline, std::span<char> into) {
  return net::with_deadline(deadline, connection_.read(into));
}

Task<bool> ServedConnection::take_requests() {
  for (;;) {
    Request request;
    const ServerFormat::Next next = format_.next(request);
    if (next == ServerFormat::Next::Broken) break_off();
    account();
    if (next != ServerFormat::Next::Request) co_return next == ServerFormat::Next::NeedMore;
    request_since_ = connection_.loop().now();
    co_await wait_for_room();
    if (reading_.is_cancelled() && !connection_.draining()) co_return false;
    if (request.status.ok()) request.status = connection_.admit_memory();
    calls_.spawn(serve(std::move(request)));
  }
}

bool ServedConnection::has_room() const noexcept {
  return calls_.running() < limits_.max_calls && pending() < limits_.max_pending_bytes;
}

Task<> ServedConnection::wait_for_room() {
  if (has_room()) co_return;
  Scope reading(&reading_);
  reading.spawn(read_ahead());
  while (!has_room()) {
    room_.reset();
    const Status waited = co_await room_.wait();
    if (!waited.ok()) break;
  }
  reading.cancel(cancelled("there is room for a call"));
  co_await reading.join();
}

/// So that a peer that goes while its requests wait is seen: reads a block at most, and ends the
/// calls a while after the end.
Task<> ServedConnection::read_ahead() {
  const Context* const waiting = co_await current_context();
  std::array<char, kReadBlock> block;
  while (!ahead_ended_ && ahead_.size() < kReadBlock) {
    const std::span<char> rest = std::span(block).first(kReadBlock - ahead_.size());
    const Result<std::size_t> size = co_await connection_.read(rest);
    if (!size.ok()) {
      if (!waiting->is_cancelled()) fail(size.status());
      co_return;
    }
    ahead_.append(block.data(), *size);
    ahead_ended_ = *size == 0;
  }
  if (!ahead_ended_ || limits_.half_closed_timeout == kForever) co_return;
  for (;;) {
    const Status slept = co_await net::sleep(limits_.half_closed_timeout);
    if (!slept.ok()) co_return;
    // A peer that reads answers is there; ServerLimits::write_timeout bounds that.
    if (pending() == serving_bytes_) co_return fail(cancelled("the client has gone"));
  }
}

void ServedConnection::break_off() {
  connection_.log_refused(format_.error().message());
  format_.say_broken(output_);
  has_output_.set();
}

// ---- Calls -------------------------------------------------------------------------------------

Task<> ServedConnection::serve(Request request) {
  const Serving serving(*this, request.message.size() + request.id.size() + request.name.size());
  Bytes response;
  try {
    Status status = request.status;
    const RequestOrigin origin{.loop = connection_.loop(),
                               .dispatcher = connection_.dispatcher(),
                               .peer = connection_.peer(),
                               .context = calls_.context(),
                               .timeout = limits_.call_timeout};
    if (status.ok()) status = co_await serve_request(origin, request, response);
    answer(request, status, response.view());
  } catch (...) {
    fail(rpc::status_of_exception(request.name));
  }
}

void ServedConnection::answer(const Request& request, const Status& status,
                              std::string_view message) {
  format_.answer(request, status, message, output_);
  if (!output_.empty()) has_output_.set();
}

/// Lets calls end whose answers somebody may wait for.
Task<> ServedConnection::end_calls() {
  if (half_closed_ && limits_.half_closed_timeout != kForever) {
    calls_.context().limit_deadline(after(connection_.loop().now(), limits_.half_closed_timeout));
  }
  const net::DeadlineGuard guard(connection_.loop(), calls_.context());
  co_await calls_.join();
}

// ---- Writing -----------------------------------------------------------------------------------

Task<> ServedConnection::write_all() {
  for (;;) {
    if (output_.empty()) {
      if (over_) co_return;
      has_output_.reset();
      const Status waited = co_await has_output_.wait();
      if (!waited.ok()) co_return;
      continue;
    }
    sending_.swap(output_);
    const Status sent = co_await send(sending_);
    clear(sending_);
    account();
    room_.set();
    if (!sent.ok()) co_return fail(sent);
  }
}

Task<Status> ServedConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const Status written = co_await send_block(bytes.substr(0, kWriteBlock));
    if (!written.ok()) co_return written;
    bytes.remove_prefix(std::min(bytes.size(), kWriteBlock));
  }
  co_return Status();
}

Task<Status> ServedConnection::send_block(std::string_view bytes) {
  if (limits_.write_timeout == kForever) return connection_.write(bytes);
  const TimePoint deadline = after(connection_.loop().now(), limits_.write_timeout);
  return net::with_deadline(deadline, connection_.write(bytes));
}

}  // namespace weft::foreign
