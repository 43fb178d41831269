#include "weft/rpc/http/internal/http_stream.h"

#include <array>
#include <charconv>
#include <string_view>

#include "weft/base/log.h"
#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/http2/hpack/field_characters.h"
#include "weft/rpc/server/handler.h"
#include "weft/rpc/server/internal/server_loop.h"
#include "weft/rpc/server/socket/internal/server_connection.h"

namespace weft::rpc {
namespace {

using http2::HeaderField;
using http2::Token;

// Its record and what the frames of a handler take as a rule.
constexpr std::size_t kExchangeMemory = sizeof(HttpStream) + 4096;

/// A handler's task as one that has a status, which tells whether it threw.
Task<Status> with_status(Task<> task) {
  co_await std::move(task);
  co_return Status();
}

/// What may stand in a response (RFC 9113 section 8.2).
Status check(const HttpField& field) {
  const Token token = http2::token_of(field.name);
  const bool connections = token >= Token::Connection && token <= Token::Te;
  if (!connections && !field.name.empty() && http2::is_valid_name(field.name) &&
      http2::is_valid_value(field.value)) {
    return {};
  }
  return invalid_argument("the response field '" + printable(field.name.substr(0, 64)) + "': " +
                          (connections ? "HTTP/2 has no fields of a connection"
                                       : "names are in lower case, values without line ends and "
                                         "without spaces around them"));
}

/// Whether a content of that `content-length` fits the window of every stream.
bool is_short(std::string_view length) noexcept {
  constexpr std::size_t kShort = std::size_t{32} * 1024;
  std::size_t bytes = 0;
  const char* const end = length.data() + length.size();
  const auto parsed = std::from_chars(length.data(), end, bytes);
  return parsed.ec == std::errc() && parsed.ptr == end && bytes <= kShort;
}

/// For a short content, before the handler begins.
constexpr Duration kLongestWait = std::chrono::seconds(1);

/// Room for the text of these, so that views of it stay where they are.
void reserve(std::string& text, http2::HeaderFields fields) {
  std::size_t size = 0;
  for (const HeaderField& field : fields) size += field.name.size() + field.value.size();
  text.reserve(size);
}

std::string_view kept_in(std::string& text, std::string_view part) {
  text.append(part);
  return std::string_view(text).substr(text.size() - part.size());
}

}  // namespace

bool take_pseudo(const HeaderField& field, HttpHead& head) noexcept {
  switch (field.token) {
    case Token::Method:
      head.method = field.value;
      return true;
    case Token::Scheme:
      head.scheme = field.value;
      return true;
    case Token::Authority:
      head.authority = field.value;
      return true;
    case Token::Path:
      head.path = field.value;
      return true;
    default:
      return false;
  }
}

void HttpStream::begin(ServerConnection& connection, http2::Stream& stream, HttpHandler& handler,
                       http2::HeaderFields fields, bool end_stream) {
  auto* exchange = new HttpStream(connection, stream, handler, fields);
  exchange->input_ended_ = end_stream;
  if (end_stream || !exchange->sends_short_content()) {
    connection.loop().ready(exchange->start_);
  } else {
    connection.loop().arm(exchange->late_, after(connection.loop().now(), kLongestWait));
  }
}

/// A short content is under way already and is read before the handler begins: a response that ends
/// before its request makes some clients wait for ever (curl 7.88). One that is held back until it
/// is asked for does not come by itself. One that does not come soon is the handler's to wait for,
/// with its deadline.
bool HttpStream::sends_short_content() const noexcept {
  return is_short(head_.field("content-length")) && head_.field("expect").empty();
}

void HttpStream::start_after_content() noexcept {
  if (!late_.armed()) return;
  late_.cancel();
  loop_.ready(start_);
}

HttpStream::HttpStream(ServerConnection& connection, http2::Stream& stream, HttpHandler& handler,
                       http2::HeaderFields fields)
    : connection_(&connection),
      stream_(&stream),
      server_(connection.server()),
      loop_(connection.loop()),
      account_(connection.shared_account()),
      peer_(connection.peer()),
      handler_(handler) {
  reserve(text_, fields);
  for (const HeaderField& field : fields) {
    HeaderField kept = field;
    kept.name = kept_in(text_, field.name);
    kept.value = kept_in(text_, field.value);
    if (!take_pseudo(kept, head_)) fields_.push_back({kept.name, kept.value});
  }
  head_.fields = fields_;
  if (head_.authority.empty()) head_.authority = head_.field("host");
  described_ = printable(head_.method.substr(0, 32)) + ' ' + printable(head_.path.substr(0, 64));
  stream.user = static_cast<OtherStream*>(this);
  stream.kind = OtherStream::kKind;
  memory().call_began(memory_taken());
  server_.other_stream_began(*this);
}

HttpStream::~HttpStream() {
  std::size_t kept = held_ + small_.size();
  for (const Bytes& part : unread_) kept += part.size();
  memory().add(-static_cast<std::int64_t>(kept));
  memory().call_ended(memory_taken());
  OtherStream::unlink();
  server_.call_ended();
}

std::size_t HttpStream::memory_taken() const noexcept {
  return kExchangeMemory + text_.capacity() + trailers_text_.capacity() +
         (fields_.capacity() + trailers_.capacity()) * sizeof(HttpField);
}

const HealthRegistry& HttpStream::health() const noexcept { return *server_.shared().health; }
Dispatcher& HttpStream::dispatcher() const noexcept { return server_.shared().dispatcher; }

Status HttpStream::hold(std::size_t bytes) {
  const auto before = static_cast<std::int64_t>(std::exchange(held_, bytes));
  memory().add(static_cast<std::int64_t>(bytes) - before);
  return static_cast<std::int64_t>(bytes) > before ? memory().admit() : Status();
}

void HttpStream::start(Runnable& runnable) noexcept {
  HttpStream& self = static_cast<Start&>(runnable).self;
  // Gone before it began: the handler is spared.
  if (self.stream_ == nullptr) return delete &self;
  self.starting_ = true;
  try {
    self.task_ = coro::SmallTask(with_status(self.handler_.serve(self)));
    self.task_.start_at_top(&self.context_, {[](void* exchange) noexcept {
                                               static_cast<HttpStream*>(exchange)->on_task_done();
                                             },
                                             &self});
  } catch (...) {
    self.finish(status_of_exception(self.described_));
  }
  self.starting_ = false;
  if (self.over_) self.release();
}

void HttpStream::on_task_done() noexcept {
  if (content_.waiting != nullptr || response_.waiting != nullptr) [[unlikely]]
    still_waited_for(described_);
  Status status;
  try {
    status = std::move(task_.result());
  } catch (...) {
    status = status_of_exception(described_);
  }
  finish(status);
}

/// The handler has ended with `status`. The stream may end in here, which must not be the end of
/// this.
void HttpStream::finish(const Status& status) noexcept {
  if (stream_ != nullptr) complete(status);
  stop_request();
  task_done_ = true;
  if (stream_ == nullptr) release();
}

/// Makes up for what is missing of the response.
void HttpStream::complete(const Status& status) {
  if (!begun_) {
    if (status.ok()) log(LogLevel::Error, described_ + ": the handler gave no response");
    answer(500, "the handler gave no response\n");
  } else if (!ended_ && status.ok()) {
    static_cast<void>(end({}));
  } else if (!ended_) {
    connection_->session().reset(*stream_, http2::ErrorCode::InternalError);
    connection_->flush_later();
  }
}

/// A short text, written without waiting.
void HttpStream::answer(int status, std::string_view text) {
  if (!begin(status, HttpFields()).ok()) return;
  static_cast<void>(send(Message(Bytes::copy_of(text)).mark_last()));
}

/// Nobody reads what else the client sends; it is told once the response has left (RFC 9113 section
/// 8.1).
void HttpStream::stop_request() noexcept {
  if (stream_ == nullptr || !ended_ || stream_->queued() != 0 || stream_->peer_ended()) return;
  connection_->session().reset(*stream_, http2::ErrorCode::NoError);
  connection_->flush_later();
}

void HttpStream::release() noexcept {
  over_ = true;
  if (!starting_) delete this;
}

Status HttpStream::begin(int status, HttpFields fields) {
  if (begun_) return failed_precondition("the response has begun before");
  if (status < 200 || status > 599) {
    return invalid_argument("the response status " + std::to_string(status) +
                            " is not from 200 to 599");
  }
  for (const HttpField& field : fields) {
    if (Status valid = check(field); !valid.ok()) return valid;
  }
  if (stream_ == nullptr) return context_.cancel_reason();
  const std::string code = std::to_string(status);
  std::vector<HeaderField> block{{":status", code, Token::Status}};
  for (const HttpField& field : fields) {
    block.push_back({field.name, field.value, http2::token_of(field.name)});
  }
  begun_ = true;
  // RFC 9110 section 9.3.2: no content in the response to HEAD.
  ended_ = head_.method == "HEAD";
  connection_->note_sent();
  connection_->session().send_headers(*stream_, block, ended_);
  connection_->flush_later();
  return {};
}

Status HttpStream::end(HttpFields trailers) {
  if (!begun_) return failed_precondition("the response has not begun");
  for (const HttpField& field : trailers) {
    if (Status valid = check(field); !valid.ok()) return valid;
  }
  if (std::exchange(ended_, true)) return {};
  if (stream_ == nullptr) return context_.cancel_reason();
  std::vector<HeaderField> block;
  for (const HttpField& field : trailers) {
    block.push_back({field.name, field.value, http2::token_of(field.name)});
  }
  if (block.empty()) {
    connection_->session().queue_data(*stream_, Bytes(), true);
  } else {
    connection_->session().send_headers(*stream_, block, true);
  }
  connection_->flush_later();
  return {};
}

MessageWriter::Poll HttpStream::send(const Message& message) {
  using Poll = MessageWriter::Poll;
  if (ended_) return head_.method == "HEAD" && stream_ != nullptr ? Poll::Accepted : Poll::Closed;
  if (stream_ == nullptr) return Poll::Closed;
  if (!begun_ && !begin(200, HttpFields()).ok()) return Poll::Closed;
  if (ended_) return Poll::Accepted;
  if (stream_->queued() != 0 || connection_->output_full()) return Poll::Blocked;
  ended_ = message.last();
  connection_->note_sent();
  connection_->session().queue_data(*stream_, message.to_bytes(), ended_);
  connection_->flush_later();
  return Poll::Accepted;
}

void HttpStream::Response::wait(Waiter& waiter) noexcept {
  if (self.stream_ == nullptr || self.ended_) return self.loop_.ready(waiter);
  keep_waiter(waiting, waiter, "room for the content of an HTTP response");
  // A stream whose own queue is empty waits for the connection.
  if (self.stream_->queued() == 0 && !OutputWaiter::linked()) self.connection_->wait_output(*this);
}

bool HttpStream::Response::unwait() noexcept {
  OutputWaiter::unlink();
  return std::exchange(waiting, nullptr) != nullptr;
}

MessageReader::Poll HttpStream::receive(Message& out) {
  using Poll = MessageReader::Poll;
  if (unread_.empty() && small_.empty()) {
    ask_for_content();
    return input_ended_ || stream_ == nullptr ? Poll::End : Poll::Pending;
  }
  Bytes part;
  if (unread_.empty()) {
    part = Bytes::copy_of(std::exchange(small_, {}));
  } else {
    part = std::move(unread_.front());
    unread_.pop_front();
  }
  memory().add(-static_cast<std::int64_t>(part.size()));
  if (stream_ != nullptr && !input_ended_) {
    connection_->session().consumed(*stream_, part.size());
    connection_->flush_later();
  }
  out = Message(std::move(part));
  return Poll::Message;
}

/// RFC 9110 section 10.1.1: the client may hold its content back until it is asked for it.
void HttpStream::ask_for_content() {
  if (asked_ || begun_ || input_ended_ || stream_ == nullptr) return;
  asked_ = true;
  if (!ascii::equal_without_case(head_.field("expect"), "100-continue")) return;
  const HeaderField status{":status", "100", Token::Status};
  connection_->session().send_headers(*stream_, {&status, 1}, false);
  connection_->flush_later();
}

/// A block is shared with what else was read into it, so the part has its own; and small ones are
/// joined, or frames of a byte each would take as many blocks. The stream's window bounds it all.
void HttpStream::keep(std::string_view data) {
  constexpr std::size_t kSmall = std::size_t{8} * 1024;
  if (small_.size() + data.size() <= kSmall) {
    small_.append(data);
    return;
  }
  if (!small_.empty()) unread_.push_back(Bytes::copy_of(std::exchange(small_, {})));
  if (data.size() > kSmall) {
    unread_.push_back(Bytes::copy_of(data));
  } else {
    small_.assign(data);
  }
}

void HttpStream::on_data(BytesView data, bool end_stream) {
  if (!data.empty() && !task_done_) {
    keep(data.view());
    memory().add(static_cast<std::int64_t>(data.size()));
    if (Status room = memory().admit(); !room.ok()) return cancel(room);
  }
  if (end_stream) return on_request_end({});
  wake(content_.waiting);
}

void HttpStream::on_request_end(http2::HeaderFields trailers) noexcept {
  input_ended_ = true;
  if (!trailers.empty() && !task_done_) keep_trailers(trailers);
  start_after_content();
  wake(content_.waiting);
}

void HttpStream::keep_trailers(http2::HeaderFields trailers) {
  const std::size_t before = memory_taken();
  reserve(trailers_text_, trailers);
  for (const HeaderField& field : trailers) {
    const std::string_view name = kept_in(trailers_text_, field.name);
    trailers_.push_back({name, kept_in(trailers_text_, field.value)});
  }
  memory().add(static_cast<std::int64_t>(memory_taken() - before));
}

void HttpStream::on_drained() noexcept {
  wake(response_.waiting);
  if (task_done_) stop_request();
}

void HttpStream::on_stream_closed(const http2::StreamEnd& end) noexcept {
  stream_ = nullptr;
  response_.OutputWaiter::unlink();
  if (end.by != http2::StreamEnd::By::Completion && !task_done_) {
    context_.cancel(Status(StatusCode::Cancelled,
                           end.by == http2::StreamEnd::By::PeerReset
                               ? "the client cancelled the request"
                               : "the connection to the client was lost",
                           Origin::Transport));
  }
  start_after_content();
  wake(content_.waiting);
  wake(response_.waiting);
  if (task_done_) release();
}

void HttpStream::cancel(const Status& reason) noexcept {
  context_.cancel(reason);
  if (stream_ != nullptr) {
    connection_->session().reset(*stream_, http2::ErrorCode::Cancel);
  }
}

void HttpStream::wake(Waiter*& waiter) noexcept {
  if (Waiter* woken = std::exchange(waiter, nullptr); woken != nullptr) loop_.ready(*woken);
}

}  // namespace weft::rpc
