#include "weft/storage/redis/internal/connection.h"

#include <utility>

#include "weft/net/socket/read_blocks.h"

namespace weft::redis {
namespace {

constexpr std::size_t kBlock = std::size_t{32} << 10;
/// Blocks that one event reads; the rest waits for the next turn.
constexpr int kBlocksOfTurn = 4;

/// Servers say so when another one has taken over: names are resolved again then.
bool says_to_leave(std::string_view error) noexcept {
  return error.starts_with("READONLY") || error.starts_with("MASTERDOWN");
}

}  // namespace

Connection::Connection(net::Loop& loop, std::unique_ptr<net::Stream> stream, const Setup& setup,
                       ConnectionOwner& owner)
    : Timer(&Connection::expired),
      loop_(loop),
      stream_(std::move(stream)),
      setup_(setup),
      owner_(owner),
      parser_(setup.options.reply) {
  stream_->set_handler(this);
  stream_->want_read();
}

Connection::~Connection() = default;

// ---- Sending -----------------------------------------------------------------------------------

void Connection::send(Job& job) {
  const std::uint64_t begin = added_;
  for (const Command& command : job.commands) added_ += output_.add(command);
  job.connection = this;
  job.ticket = first_ticket_ + places_.size();
  if (places_.empty()) {
    last_progress_ = loop_.now();
    if (!Timer::armed()) loop_.arm(*this, after(last_progress_, setup_.options.answer_timeout));
  }
  places_.push_back({&job, job.commands.size(), begin, added_});
  if (!TurnEndHook::linked()) loop_.at_turn_end(*this);
}

void Connection::abandon(Job& job) noexcept {
  places_[static_cast<std::size_t>(job.ticket - first_ticket_)].job = nullptr;
  job.connection = nullptr;
}

void Connection::write() noexcept {
  while (!broken_ && output_.size() != 0) {
    const std::string_view unsent = output_.unsent();
    const iovec slice{const_cast<char*>(unsent.data()), unsent.size()};
    const net::IoResult result = stream_->write({&slice, 1});
    if (result.kind == net::IoResult::Kind::WouldBlock) return stream_->want_write();
    if (result.kind != net::IoResult::Kind::Done) return close(result.error);
    note_sent(result.size);
  }
  if (!broken_) owner_.on_room();
}

void Connection::note_sent(std::size_t count) {
  // The job in front cannot be answered before all of it was sent. Bytes of those behind it are no
  // progress: a server that is frozen takes some of them too.
  if (!places_.empty() && sent_ < places_.front().end) last_progress_ = loop_.now();
  output_.note_sent(count);
  sent_ += count;
}

// ---- Receiving ---------------------------------------------------------------------------------

void Connection::on_readable() noexcept {
  const bool goes_on = net::read_blocks<kBlock>(
      *stream_, kBlocksOfTurn, [this](std::string_view bytes) { return take_bytes(bytes); },
      [this](const net::IoResult& result) {
        close(result.kind == net::IoResult::Kind::Failed
                  ? result.error
                  : Status(StatusCode::Unavailable, "the server closed the connection",
                           Origin::Transport));
      });
  if (!goes_on) return;
  stream_->want_read();
  owner_.on_room();
}

bool Connection::take_bytes(std::string_view bytes) {
  last_progress_ = loop_.now();
  while (!bytes.empty()) {
    switch (parser_.read(bytes)) {
      case Parser::Progress::NeedMore:
        return true;
      case Parser::Progress::Reply:
        if (!take_reply(parser_.take(), {})) return false;
        break;
      case Parser::Progress::TooLarge: {
        Status error = parser_.error();
        if (!take_reply(parser_.take(), std::move(error))) return false;
        break;
      }
      case Parser::Progress::Broken:
        close(parser_.error());
        return false;
    }
  }
  if (!retiring_ || !places_.empty()) return true;
  close(unavailable("the server is no primary any more"));
  return false;
}

bool Connection::take_reply(Value value, Status error) {
  // Nothing is subscribed to on this connection.
  if (value.type() == Type::Push) return true;
  if (places_.empty()) {
    close(Status(StatusCode::Internal, "the server sent a reply that nothing asked for",
                 Origin::Transport));
    return false;
  }
  if (error.ok() && value.type() == Type::Error) {
    retiring_ = retiring_ || says_to_leave(value.text());
    error = error_status(value.text());
  }
  Place& place = places_.front();
  Job* const job = place.job;
  if (job != nullptr && job->status.ok()) job->status = std::move(error);
  if (--place.due != 0) return true;
  places_.pop_front();
  ++first_ticket_;
  if (job == nullptr) return true;
  job->value = std::move(value);
  job->end(std::move(job->status));
  return true;
}

// ---- The end -----------------------------------------------------------------------------------

void Connection::close(const Status& reason) noexcept {
  if (std::exchange(broken_, true)) return;
  Timer::cancel();
  TurnEndHook::unlink();
  stream_->close();
  IntrusiveList<Job> again;
  for (const Place& place : std::exchange(places_, {})) {
    if (place.job == nullptr) continue;
    Job& job = *place.job;
    job.connection = nullptr;
    job.status = {};
    job.may_have_run = job.may_have_run || place.end <= sent_;
    if (may_repeat(place)) {
      if (place.begin < sent_) ++job.repeats;
      again.push_back(job);
    } else {
      end_lost(job, reason);
    }
  }
  owner_.on_broken(again);
}

bool Connection::may_repeat(const Place& place) const noexcept {
  if (place.begin >= sent_) return true;
  // What was not sent wholly has not run. It may be too large to be sent at all.
  const bool harmless = place.end > sent_ || place.job->is_idempotent();
  return harmless && place.job->repeats < setup_.options.repeats;
}

void Connection::end_lost(Job& job, const Status& reason) const {
  const std::string_view when = job.may_have_run ? "before the answer to " : "while sending ";
  const std::string text = setup_.endpoint.name() + ": the connection was lost " +
                           std::string(when) + std::string(job.commands.back().name()) + " (" +
                           std::string(reason.message()) + ")";
  if (!job.may_have_run) {
    return job.end(Status(StatusCode::Unavailable,
                          text + "; it has not run, and was sent in part " +
                              std::to_string(job.repeats + 1) + " times (Options::repeats)",
                          Origin::Transport));
  }
  if (job.is_idempotent()) return job.end(Status(StatusCode::Unavailable, text, Origin::Transport));
  job.end(outcome_unknown(text + "; it is not known whether it had an effect"));
}

void Connection::expired(net::Timer& timer) noexcept {
  auto& self = static_cast<Connection&>(timer);
  if (self.places_.empty()) return;
  const TimePoint due = after(self.last_progress_, self.setup_.options.answer_timeout);
  if (self.loop_.now() < due) return self.loop_.arm(self, due);
  self.close(Status(StatusCode::Unavailable, "no answer within Options::answer_timeout",
                    Origin::Transport));
}

}  // namespace weft::redis
