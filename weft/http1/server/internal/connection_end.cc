// What a connection writes, how long it waits for its client, and how it ends.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "weft/base/text/printable.h"
#include "weft/http1/message/head_writer.h"
#include "weft/http1/server/internal/served_connection.h"

namespace weft::http1 {
namespace {

constexpr std::size_t kOutputHigh = std::size_t{64} * 1024;
// For what was written last to reach a client that still sends: what lies unread when a socket is
// closed makes the system reset the connection, and a reset destroys what the client has not read.
constexpr Duration kLinger = std::chrono::seconds(2);
constexpr std::size_t kMostLingered = std::size_t{8} * 1024 * 1024;
// In units of net::Loop::add_work(): the kernel's part of a last answer and of an end.
constexpr std::int32_t kWorkOfEnd = 40;
// What a connection takes beside what it counts: its coroutines, its stream and its records.
constexpr std::size_t kOwnMemory = 1024 + sizeof(ServedConnection);

}  // namespace

bool ServedConnection::output_full() const noexcept { return output_.size() >= kOutputHigh; }

void ServedConnection::flush_later() noexcept {
  if (!net::TurnEndHook::linked()) loop_.at_turn_end(*this);
}

/// Asked once for each response, as its head is written.
bool ServedConnection::persists() {
  const RequestContent& content = exchange_->request_content();
  const bool held_back =
      exchange_->request().expects_continue && !asked_for_content_ && !content.ended();
  // What follows a tunnel that was refused may be meant for it.
  const bool refuses_tunnel = exchange_->request().method == "CONNECT";
  last_ = last_ || refuses_tunnel || wire_.draining() || held_back ||
          (input_ended_ && input_.size() == input_at_);
  return !last_;
}

void ServedConnection::on_response_end(bool whole) {
  if (!whole) return close_after_writing();
  // The end of a response without a length is the connection's; a tunnel's other half goes on.
  if (tunnel_) {
    last_ = true;
    flush_later();
  }
  if (exchange_->handled()) go_on_later();
}

void ServedConnection::on_tunnel() {
  tunnel_ = true;
  last_ = true;
  exchange_->request_content().become_raw();
  go_on_later();
}

/// A message that cannot be read any further: the client is told why, and nothing behind it is
/// looked at.
void ServedConnection::refuse(const Fault& fault) {
  wire_.log_refused("HTTP/1.1: " + fault.why);
  end_with(fault);
}

/// Says so, where nothing of a response has been said.
void ServedConnection::end_with(const Fault& fault) {
  last_ = true;
  const bool answered = exchange_ != nullptr && exchange_->answer().begun();
  if (exchange_ != nullptr) exchange_->cancel(cancelled(fault.why));
  if (!answered) {
    std::string text;
    append_status_line(text, fault.status);
    append_field(text, "content-type", "text/plain; charset=utf-8");
    append_field(text, "content-length", std::uint64_t{fault.why.size() + 1});
    if (fault.status == 503) append_field(text, "retry-after", rpc::kRetryAfter);
    text.append("connection: close\r\n\r\n");
    if (!of_head_) text.append(fault.why).append("\n");
    output_.append(Bytes::copy_of(text));
  }
  close_after_writing();
}

/// No request is taken from here on.
void ServedConnection::close_after_writing() noexcept {
  if (phase_ != Phase::Serving) return;
  phase_ = Phase::WritingOut;
  loop_.add_work(kWorkOfEnd);
  last_ = true;
  std::string().swap(input_);
  input_at_ = 0;
  breaks_off_ = exchange_ != nullptr && exchange_->answer().would_look_whole();
  if (exchange_ != nullptr) exchange_->cancel(cancelled("the connection is closing"));
  flush_later();
}

/// The server has no more time or memory for it. A client that has to go because of the memory it
/// takes is told, where it has not had anything of a response, and that memory is given back at
/// once: how many others have to go depends on it.
void ServedConnection::cut_off(const Status& reason) noexcept {
  const bool is_told = phase_ == Phase::Serving && output_.empty();
  if (tunnel_ && phase_ == Phase::Serving) say_last_words(reason);
  if (reason.code() != StatusCode::ResourceExhausted || !is_told) return lost(reason);
  try {
    end_with({503, std::string(reason.message())});
  } catch (const std::bad_alloc&) {
    return lost(reason);
  }
  if (exchange_ != nullptr) exchange_->request_content().discard();
  account();
}

/// A tunnel's protocol may have a word for its end, which its handler writes as it is cancelled. It
/// is sent as far as the socket takes it at once.
void ServedConnection::say_last_words(const Status& reason) noexcept {
  if (exchange_ != nullptr) exchange_->cancel(reason);
  write();
}

/// Nothing of a request has come that is not answered.
bool ServedConnection::at_rest() const noexcept {
  return exchange_ == nullptr && !scanner_.has_begun() && input_.size() == input_at_;
}

void ServedConnection::drain() noexcept {
  if (wire_.context().is_cancelled() || phase_ != Phase::Serving) return;
  // A request that has begun is served, and answered with Connection: close.
  if (at_rest()) close_after_writing();
}

void ServedConnection::on_writable() noexcept {
  write_blocked_ = false;
  flush();
}

void ServedConnection::flush() noexcept {
  if (phase_ == Phase::Closed) return;
  if (exchange_ != nullptr) exchange_->answer().commit_head();
  const std::size_t before = output_.size();
  if (!write()) return;
  if (exchange_ != nullptr && output_.size() < kOutputHigh / 2)
    exchange_->answer().output_drained();
  if (held_up_ && output_.size() < kOutputHigh / 2) {
    held_up_ = false;
    go_on_later();
  }
  if (output_.empty()) written();
  if (phase_ == Phase::Closed) return;
  account();
  watch(output_.size() != before);
}

/// False where the stream has failed.
bool ServedConnection::write() noexcept {
  std::array<iovec, 16> slices;
  while (!output_.empty() && !write_blocked_) {
    const std::size_t count = output_.gather(slices);
    const net::IoResult result = stream_.write(std::span(slices).first(count));
    if (result.kind == net::IoResult::Kind::Failed) {
      lost(result.error);
      return false;
    }
    output_.consume(result.size);
    went_ += result.size;
    if (result.kind == net::IoResult::Kind::WouldBlock) {
      write_blocked_ = true;
      stream_.want_write();
    }
  }
  return true;
}

/// All that there was to write.
void ServedConnection::written() noexcept {
  if (phase_ == Phase::Serving) {
    // The client of a tunnel sees the end of what it gets while it still sends.
    if (tunnel_ && exchange_ != nullptr && exchange_->answer().ended()) stream_.shutdown_write();
    return;
  }
  if (phase_ != Phase::WritingOut) return;
  if (breaks_off_) return close();
  stream_.shutdown_write();
  if (input_ended_) return close();
  phase_ = Phase::Lingering;
  read_on();
}

/// What comes behind the last response is read and dropped, to a limit.
void ServedConnection::linger(std::size_t bytes) noexcept {
  lingered_ += bytes;
  if (lingered_ > kMostLingered) close();
}

void ServedConnection::lost(const Status& why) noexcept {
  if (phase_ == Phase::Closed) return;
  if (exchange_ != nullptr) exchange_->cancel(why.ok() ? cancelled("the connection ended") : why);
  close();
}

void ServedConnection::close() noexcept {
  phase_ = Phase::Closed;
  output_.clear();
  std::string().swap(input_);
  input_at_ = 0;
  deadline_.cancel();
  net::TurnEndHook::unlink();
  breaks_off_ = breaks_off_ || (exchange_ != nullptr && exchange_->answer().would_look_whole());
  breaks_off_ ? stream_.abort() : stream_.close();
  if (exchange_ != nullptr) exchange_->request_content().discard();
  account();
  if (exchange_ != nullptr) return exchange_->handled() ? go_on_later() : void();
  check_over();
}

void ServedConnection::check_over() noexcept {
  if (!over() || !waiting_) return;
  loop_.ready(resume_);
}

void ServedConnection::account() noexcept {
  wire_.set_memory(kOwnMemory + input_.capacity() + output_.memory() +
                   (exchange_ == nullptr ? 0 : exchange_->memory()));
}

ServedConnection::Awaits ServedConnection::awaits() const noexcept {
  // Where the server has cut it off, its last words have no more time than that.
  if (phase_ == Phase::Lingering || wire_.context().is_cancelled()) return Awaits::Close;
  if (write_blocked_) return Awaits::Reading;
  if (phase_ != Phase::Serving || going_on_) return Awaits::Nothing;
  if (exchange_ == nullptr) return scanner_.has_begun() ? Awaits::Head : Awaits::Request;
  const RequestContent& content = exchange_->request_content();
  const bool held_back = exchange_->request().expects_continue && !asked_for_content_;
  if (tunnel_ || content.ended() || content.full() || held_back) return Awaits::Nothing;
  return Awaits::Content;
}

Duration ServedConnection::time_for(Awaits what) const noexcept {
  switch (what) {
    case Awaits::Request:
      return std::min(options_.idle_timeout, wire_.max_idle());
    case Awaits::Head:
      return options_.head_timeout;
    case Awaits::Content:
      return for_content_.left();
    case Awaits::Reading:
      return for_reading_.left();
    case Awaits::Close:
      return kLinger;
    case Awaits::Nothing:
      break;
  }
  return kForever;
}

/// What the client has taken of its time, and what it has done in it.
void ServedConnection::spend_patience(TimePoint now) noexcept {
  const Duration waited = now - std::exchange(awaited_since_, now);
  const std::uint64_t came = std::exchange(came_, 0);
  const std::uint64_t went = std::exchange(went_, 0);
  if (awaited_ == Awaits::Content) for_content_.note(waited, came);
  if (awaited_ == Awaits::Reading) for_reading_.note(waited, went);
}

/// Sees to the time of what is awaited now. `progress`: the client has done something, which gives
/// it new time, but not for a head, for content that nobody reads, or for closing.
void ServedConnection::watch(bool progress) noexcept {
  const Awaits now = awaits();
  const bool discards = now == Awaits::Content && exchange_->handled();
  const bool renews = progress && now != Awaits::Head && now != Awaits::Close && !discards;
  if (awaited_ == now && !renews) return;
  const TimePoint time = loop_.now();
  spend_patience(time);
  awaited_ = now;
  if (now == Awaits::Reading) unread_ = stream_.unacknowledged();
  due_ = now == Awaits::Nothing ? kNever : after(time, time_for(now));
  if (due_ == kNever || (deadline_.armed() && deadline_.when() <= due_)) return;
  loop_.arm(deadline_, due_);
}

void ServedConnection::due(net::Timer& timer) noexcept {
  ServedConnection& self = static_cast<Deadline&>(timer).self;
  if (self.due_ == kNever) return;
  if (self.loop_.now() < self.due_) return self.loop_.arm(self.deadline_, self.due_);
  if (self.awaited_ == Awaits::Reading && self.has_read_meanwhile()) return;
  self.time_is_over();
}

/// A socket becomes writable only once much of what it holds has gone, which may be megabytes: what
/// the client has read of these counts too. True where it is waited for longer.
bool ServedConnection::has_read_meanwhile() noexcept {
  const std::size_t before = std::exchange(unread_, stream_.unacknowledged());
  if (unread_ >= before) return false;
  const TimePoint now = loop_.now();
  went_ += before - unread_;
  spend_patience(now);
  due_ = after(now, for_reading_.left());
  if (due_ <= now) return false;
  loop_.arm(deadline_, due_);
  return true;
}

/// Of a client whose patience is at its end: it may have done nothing, or too little.
std::string ServedConnection::too_slow(Awaits what) const {
  const bool sends = what == Awaits::Content;
  const Patience& patience = sends ? for_content_ : for_reading_;
  std::string text = sends ? "the content has come" : "the client has read";
  if (loop_.now() - awaited_since_ >= patience.most()) {
    text = sends ? "nothing of the content has come" : "the client has read nothing";
    return text + " for the limit of " + to_string(patience.most());
  }
  return text + " more slowly than the limit of " + std::to_string(patience.rate()) +
         " bytes a second, for " + to_string(patience.most());
}

void ServedConnection::time_is_over() {
  const Awaits what = std::exchange(awaited_, Awaits::Nothing);
  due_ = kNever;
  switch (what) {
    case Awaits::Request:
      return close_after_writing();
    case Awaits::Head:
      return refuse({408, "the head of the request has not come within the limit of " +
                              to_string(options_.head_timeout)});
    case Awaits::Content:
      return refuse({408, too_slow(what)});
    case Awaits::Reading:
      wire_.log_refused("HTTP/1.1: " + too_slow(what));
      return lost(unavailable(too_slow(what)));
    default:
      return close();
  }
}

}  // namespace weft::http1
