#include "tests/simulation/book.h"

#include <string_view>
#include <utility>

namespace weft::simulation {
namespace {

// Of a run that goes wrong in every call, the first few say enough.
constexpr std::size_t kMostFaults = 20;

constexpr std::string_view kKinds[] = {"One", "Up", "Down", "Both"};

/// A draining server did not take it, and its requests had been sent, which are not kept.
bool was_refused(const CallRecord& record) {
  const bool streams = record.plan.kind == Kind::Up || record.plan.kind == Kind::Both;
  return streams && record.handlers == 0 &&
         record.status.message().find("GOAWAY") != std::string_view::npos;
}

void add(std::string& text, std::string_view name, Duration value, Duration none) {
  if (value != none) text.append(" ").append(name).append("=").append(weft::to_string(value));
}

}  // namespace

std::string CallPlan::to_string() const {
  std::string text(kKinds[static_cast<std::size_t>(kind)]);
  text += " to " + server + " requests=" + std::to_string(requests) + "x" +
          std::to_string(request_size) + " answers=" + std::to_string(answers) + "x" +
          std::to_string(answer_size);
  add(text, "timeout", timeout, kForever);
  add(text, "cancel_after", cancel_after, kForever);
  add(text, "client_pause", client_pause, Duration{});
  add(text, "handler_pause", handler_pause, Duration{});
  if (code != StatusCode::Ok) text.append(" ends=").append(name_of(code));
  if (!relay.empty()) text.append(" relay=").append(relay);
  if (wait_for_ready) text += " wait_for_ready";
  if (abandon) text += " abandon";
  if (hang) text += " hang";
  return text;
}

void Book::began(const CallPlan& plan, TimePoint now, TimePoint deadline) {
  const std::lock_guard lock(mutex_);
  const auto [place, fresh] = calls_.try_emplace(plan.call);
  if (!fresh) return fault_locked(plan.call, "a call of this number was made before");
  place->second.plan = plan;
  place->second.began = now;
  place->second.deadline = deadline;
}

void Book::ended(std::uint64_t call, const Status& status, TimePoint now, bool cancelled) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return fault_locked(call, "ended without having begun");
  CallRecord& record = found->second;
  if (++record.ends > 1) fault_locked(call, "ended twice");
  record.status = status;
  record.ended = now;
  record.cancelled = cancelled;
}

void Book::handler_began(std::uint64_t call, const std::string& server, TimePoint now,
                         TimePoint deadline) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return fault_locked(call, "is served, but nobody made it");
  CallRecord& record = found->second;
  if (++record.handlers > 1) fault_locked(call, "is served twice");
  record.handler_running = true;
  ++handlers_running_;
  if (record.plan.server != server) fault_locked(call, "is served by " + server);
  // The server's deadline is the client's plus the time on the way, which the wire does not tell.
  if (record.deadline == kNever) {
    if (deadline != kNever) fault_locked(call, "has a deadline on the server only");
  } else if (deadline < record.deadline) {
    fault_locked(call, "has an earlier deadline on the server than on the client, by " +
                           weft::to_string(record.deadline - deadline));
  } else if (deadline - record.deadline > now - record.began + rules_.tolerance) {
    fault_locked(call, "has a deadline on the server that is later than the way there explains");
  }
}

void Book::handler_ended(std::uint64_t call, const std::optional<Status>& status, TimePoint now,
                         TimePoint deadline) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  found->second.handler_running = false;
  --handlers_running_;
  found->second.handler_status = status;
  if (deadline != kNever && now - deadline > rules_.tolerance) {
    fault_locked(call,
                 "its handler noticed the deadline " + weft::to_string(now - deadline) + " late");
  }
}

void Book::fault(std::uint64_t call, const std::string& what) {
  const std::lock_guard lock(mutex_);
  fault_locked(call, what);
}

void Book::fault_locked(std::uint64_t call, const std::string& what) {
  if (faults_.size() >= kMostFaults) {
    ++faults_untold_;
    return;
  }
  const auto found = calls_.find(call);
  faults_.push_back("call " + std::to_string(call) + " " + what +
                    (found == calls_.end() ? "" : " [" + found->second.plan.to_string() + "]"));
}

void Book::judge() {
  const std::lock_guard lock(mutex_);
  for (const auto& [call, record] : calls_) judge(record);
}

void Book::judge(const CallRecord& record) {
  const std::uint64_t call = record.plan.call;
  if (record.ends == 0) return fault_locked(call, "never ended");
  if (record.handler_running) fault_locked(call, "has a handler that never ended");
  if (!record.status.ok() && record.status.message().empty()) {
    fault_locked(call, "failed without saying why: " + record.status.to_string());
  }
  judge_time(record);
  const std::string wrong = why_wrong(record);
  if (!wrong.empty()) {
    fault_locked(call, "ended with " + record.status.to_string() + ", but " + wrong);
  }
}

void Book::judge_time(const CallRecord& record) {
  const CallPlan& plan = record.plan;
  const auto late = [&](TimePoint due, std::string_view what) {
    if (due == kNever || record.ended <= after(due, rules_.tolerance)) return;
    fault_locked(plan.call, "ended " + weft::to_string(record.ended - due) + " after its " +
                                std::string(what) + " with " + record.status.to_string());
  };
  late(record.deadline, "deadline");
  if (plan.cancel_after != kForever) late(after(record.began, plan.cancel_after), "cancellation");
}

/// Why the status cannot be true; empty where it can.
std::string Book::why_wrong(const CallRecord& record) const {
  const Status& status = record.status;
  const std::optional<Status>& handler = record.handler_status;
  if (record.plan.abandon && status.code() == StatusCode::Cancelled) return {};
  if (handler && status.origin() == Origin::Peer && *handler == status) return {};
  switch (status.code()) {
    case StatusCode::Ok:
      if (!handler) return "its handler did not return";
      return handler->ok() ? "" : "its handler returned " + handler->to_string();
    case StatusCode::DeadlineExceeded:
      return record.ended >= record.deadline ? "" : "the deadline was not over";
    case StatusCode::Cancelled:
      return record.cancelled || rules_.channels_dropped ? "" : "nobody cancelled it";
    case StatusCode::Unavailable:
      return rules_.gentle && !was_refused(record) ? "nothing was unavailable" : "";
    case StatusCode::ResourceExhausted:
      return rules_.calls_limited ? "" : "no resource was limited";
    default:
      return handler ? "its handler returned " + handler->to_string() : "nobody decided that";
  }
}

Book::Totals Book::totals() const {
  const std::lock_guard lock(mutex_);
  Totals totals = forgotten_;
  totals.handlers_running = handlers_running_;
  for (const auto& [call, record] : calls_) {
    ++totals.calls;
    totals.handlers += static_cast<std::size_t>(record.handlers);
    if (record.ends == 0) {
      ++totals.open;
    } else {
      ++totals.by_status[record.status.code()];
    }
  }
  return totals;
}

std::size_t Book::handlers_running() const {
  const std::lock_guard lock(mutex_);
  return handlers_running_;
}

void Book::forget_ended_before(TimePoint when) {
  const std::lock_guard lock(mutex_);
  std::erase_if(calls_, [&](const auto& entry) {
    const CallRecord& record = entry.second;
    if (record.ends == 0 || record.handler_running || record.ended >= when) return false;
    judge(record);
    ++forgotten_.calls;
    forgotten_.handlers += static_cast<std::size_t>(record.handlers);
    ++forgotten_.by_status[record.status.code()];
    return true;
  });
}

std::vector<std::string> Book::faults() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all = faults_;
  if (faults_untold_ != 0) all.push_back("and " + std::to_string(faults_untold_) + " more");
  return all;
}

}  // namespace weft::simulation
