#include "weft/rpc/inproc/internal/cross_call.h"

namespace weft::rpc {

/// The call on its way to the server's loop, which may end before that.
class CrossCall::Arrival {
 public:
  explicit Arrival(std::shared_ptr<CrossCall> call) noexcept : call_(std::move(call)) {}
  Arrival(Arrival&&) noexcept = default;
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;
  Arrival& operator=(Arrival&&) = delete;
  ~Arrival() {
    if (call_ == nullptr) return;
    Metadata none;
    call_->on_ended(unavailable("the server's loop has ended"), none, false);
  }
  void operator()() { std::exchange(call_, nullptr)->arrive(); }

 private:
  std::shared_ptr<CrossCall> call_;
};

CrossCall::CrossCall(net::Loop& caller, InprocPart& part, Head head)
    : caller_loop_(caller.anchor()),
      server_loop_(part.loop().anchor()),
      server_(part.server().shared_from_this()),
      part_(part),
      head_(std::move(head)),
      request_writer_(requests_, caller),
      request_reader_(requests_, part.loop()),
      response_writer_(responses_, part.loop()),
      response_reader_(responses_, caller) {}

bool CrossCall::start() { return server_loop_->post(Arrival(shared_from_this())); }

void CrossCall::arrive() {
  {
    const std::lock_guard lock(mutex_);
    if (status_) return;  // given up by its caller
  }
  keep_ = shared_from_this();
  local_ = LocalCall::begin(part_,
                            {.path = head_.path,
                             .parent = nullptr,
                             .deadline = head_.deadline,
                             .metadata = std::move(head_.metadata),
                             .carried = std::move(head_.carried),
                             .format = head_.format,
                             .max_send_size = head_.max_send_size,
                             .max_receive_size = head_.max_receive_size},
                            request_reader_, response_writer_, *this);
}

void CrossCall::cancel(const Status& reason) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!status_) status_ = reason;
  }
  requests_.close();
  responses_.close();
  static_cast<void>(server_loop_->post([self = shared_from_this(), reason] {
    if (LocalCall* local = self->local_) local->cancel(reason);
  }));
}

std::optional<Metadata> CrossCall::take_response_metadata() {
  const std::lock_guard lock(mutex_);
  return std::exchange(response_metadata_, std::nullopt);
}

std::optional<Status> CrossCall::status() {
  const std::lock_guard lock(mutex_);
  return status_;
}

Metadata CrossCall::take_trailers() {
  const std::lock_guard lock(mutex_);
  return std::exchange(trailers_, Metadata());
}

void CrossCall::on_response_metadata(Metadata& metadata) noexcept {
  {
    const std::lock_guard lock(mutex_);
    response_metadata_ = std::move(metadata);
  }
  wake(CrossEnd::Caller);
}

void CrossCall::on_ended(Status status, Metadata& trailers, bool /*goes_on*/) noexcept {
  const std::shared_ptr<CrossCall> keep = std::exchange(keep_, nullptr);
  local_ = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!status_) {
      status_ = std::move(status);
      trailers_ = std::move(trailers);
    }
  }
  requests_.close();
  responses_.end();
}

/// From either thread.
void CrossCall::wake(CrossEnd end) noexcept {
  const auto& loop = end == CrossEnd::Caller ? caller_loop_ : server_loop_;
  static_cast<void>(loop->post([self = shared_from_this(), end] { self->wake_here(end); }));
}

void CrossCall::wake_here(CrossEnd end) noexcept {
  Reader& reader = end == CrossEnd::Caller ? response_reader_ : request_reader_;
  Writer& writer = end == CrossEnd::Caller ? request_writer_ : response_writer_;
  if (Waiter* waiter = std::exchange(reader.waiting, nullptr)) reader.loop.ready(*waiter);
  if (Waiter* waiter = std::exchange(writer.waiting, nullptr)) writer.loop.ready(*waiter);
}

MessageReader::Poll CrossCall::Queue::pop(Message& out) {
  using Poll = MessageReader::Poll;
  bool wake = false;
  {
    const std::lock_guard lock(mutex);
    if (closed) return Poll::End;
    if (messages.empty()) return ended ? Poll::End : Poll::Pending;
    out = std::move(messages.front());
    messages.pop_front();
    bytes -= out.size();
    wake = std::exchange(writer_asleep, false);
  }
  if (wake) call.wake(writer);
  return Poll::Message;
}

MessageWriter::Poll CrossCall::Queue::push(const Message& message) {
  using Poll = MessageWriter::Poll;
  bool wake = false;
  {
    const std::lock_guard lock(mutex);
    if (closed || ended) return Poll::Closed;
    const bool full = !messages.empty() && bytes + message.size() > kMostBytes;
    if (full || messages.size() == kMostMessages) return Poll::Blocked;
    messages.push_back(message.owned());
    bytes += message.size();
    if (message.last() && ends_with_last()) ended = true;
    wake = std::exchange(reader_asleep, false);
  }
  if (wake) call.wake(reader);
  return Poll::Accepted;
}

bool CrossCall::Queue::reader_waits() noexcept {
  const std::lock_guard lock(mutex);
  return reader_asleep = messages.empty() && !ended && !closed;
}

bool CrossCall::Queue::writer_waits() noexcept {
  const std::lock_guard lock(mutex);
  return writer_asleep = !messages.empty() && !ended && !closed;
}

void CrossCall::Queue::end() noexcept {
  {
    const std::lock_guard lock(mutex);
    ended = true;
    reader_asleep = false;
  }
  call.wake(reader);
}

void CrossCall::Queue::close() noexcept {
  {
    const std::lock_guard lock(mutex);
    closed = true;
    messages.clear();
    reader_asleep = writer_asleep = false;
  }
  call.wake(reader);
  call.wake(writer);
}

void CrossCall::Reader::wait(Waiter& waiter) noexcept {
  keep_waiter(waiting, waiter, kNextMessage);
  if (!queue.reader_waits()) loop.ready(*std::exchange(waiting, nullptr));
}

void CrossCall::Writer::wait(Waiter& waiter) noexcept {
  keep_waiter(waiting, waiter, kRoomForMessage);
  if (!queue.writer_waits()) loop.ready(*std::exchange(waiting, nullptr));
}

}  // namespace weft::rpc
