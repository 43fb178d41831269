#include "weft/rpc/client/internal/loop_channel.h"

#include <algorithm>
#include <utility>

#include "weft/rpc/client/internal/at_endpoint.h"
#include "weft/rpc/client/internal/attempt_tracker.h"
#include "weft/version.h"

namespace weft::rpc {
namespace {

Status channel_destroyed() { return cancelled("the channel was destroyed"); }

/// What `:authority` is where the options name none (gRPC's naming document): the target's
/// endpoint, and "localhost" where that is a path.
[[gnu::cold]] std::string default_authority(const std::string& text) {
  constexpr std::string_view kList = "static:";
  if (text.starts_with(kList)) {
    // The first address of the list, as with "ipv4:".
    std::string_view first = std::string_view(text).substr(kList.size());
    first = first.substr(std::min(first.find_first_not_of('/'), first.size()));
    first = first.substr(0, first.find_first_of(";,"));
    return std::string(first.starts_with("unix:") ? "localhost" : first);
  }
  const Result<net::Target> target = net::Target::parse(text);
  if (target.ok()) {
    if (target->scheme == "unix") return "localhost";
    return target->endpoint.substr(0, target->endpoint.find(','));
  }
  // A scheme of a resolver's own.
  const Result<cluster::TargetParts> parts = cluster::TargetParts::parse(text);
  if (!parts.ok() || parts->path.empty()) return "localhost";
  const std::size_t slash = parts->path.rfind('/');
  return parts->path.substr(slash == std::string::npos ? 0 : slash + 1);
}

/// What a failure to connect may come from; empty where the target has a port, or is no name.
[[gnu::cold]] std::string about_missing_port(const std::string& text) {
  if (cluster::lists_instances(text)) return {};
  const Result<net::Target> target = net::Target::parse(text);
  if (!target.ok() || target->scheme != "dns" || net::HostPort::parse(target->endpoint).ok()) {
    return {};
  }
  const Result<net::HostPort> with_default = net::HostPort::parse(target->endpoint, 443);
  if (!with_default.ok()) return {};
  return " (the target '" + text + "' names no port, so 443 was taken)";
}

/// A name of a resolver's own may have bytes that no authority has (RFC 3986 section 2.1).
[[gnu::cold]] std::string escaped(const std::string& authority) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : authority) {
    if (c > ' ' && c <= '~') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append("%").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  }
  return out;
}

std::string authority_of(const ChannelSetup& setup) {
  if (!setup.options.authority.empty()) return setup.options.authority;
  if (setup.options.tls && !setup.options.tls->server_name.empty()) {
    return setup.options.tls->server_name;
  }
  return escaped(default_authority(setup.target));
}

std::string user_agent_of(const ChannelOptions& options) {
  constexpr const char* kOurs = "weft-c++/" WEFT_VERSION;
  return options.user_agent.empty() ? kOurs : options.user_agent + " " + kOurs;
}

class Request final : public cluster::PickRequest {
 public:
  explicit Request(const Call& call) noexcept : call_(call) {}
  std::string_view path() const noexcept override { return call_.path(); }
  std::string_view metadata(std::string_view name) const noexcept override {
    return call_.request_metadata().get(name).value_or(std::string_view());
  }
  std::optional<std::uint64_t> key() const noexcept override { return call_.balance_key(); }
  const cluster::Tried* tried() const noexcept override { return call_.tried(); }

 private:
  const Call& call_;
};

}  // namespace

[[gnu::cold]] LoopChannel::LoopChannel(net::Loop& loop, const ChannelSetup& setup)
    : loop_(loop),
      target_(setup.target),
      observer_(setup.observer),
      settings_{.options = setup.options,
                .tls = setup.tls,
                .authority = authority_of(setup),
                .user_agent = user_agent_of(setup.options),
                .proxy = setup.proxy,
                .observer = setup.observer.get()},
      balancing_(setup.options.balancing),
      per_endpoint_(setup.per_endpoint),
      resolution_(loop, *this, setup.target, setup.observer.get()) {
  choose_policy();
  loop_.at_loop_end(*this);
}

[[gnu::cold]] LoopChannel::~LoopChannel() = default;

void LoopChannel::on_loop_end() noexcept {
  close();
  // No coroutine of this loop will run any more and count itself out.
  const std::shared_ptr<LoopChannel> self = std::exchange(self_, nullptr);
  for (const auto& member : members_) member->drop_coroutines();
  for (const auto& member : leaving_) member->drop_coroutines();
  resolver_task_ = Task<>();
}

Task<Status> LoopChannel::serve(Call& call) {
  const Active active(*this);
  ++calls_;
  if (!resolving_) [[unlikely]]
    resolve();
  // gRFC A6: a call that the server has not begun is sent again at once, but once, whatever
  // attempts a policy makes.
  bool refusable = call.previous_attempts() == 0;
  for (;;) {
    // Nobody overtakes those who wait.
    Picked picked = waiting_.empty() ? pick(call) : Picked();
    for (Place place = Place::Back; picked.connection == nullptr; place = Place::Front) {
      const TimePoint asked = call.stats() == nullptr ? TimePoint{} : loop_.now();
      Status status = co_await wait_for_connection(&call.context(), call.wait_for_ready(), place);
      if (CallStats* const stats = call.stats()) stats->waited += loop_.now() - asked;
      if (!status.ok()) co_return status;
      picked = pick(call);
    }
    AttemptTracker tracker(*this, *picked.subchannel, call);
    Status status;
    Repeat repeat = Repeat::No;
    if (per_endpoint_.empty()) {
      ClientAttempt attempt(*picked.connection, call, settings_);
      announce_room();
      attempt.finish(co_await attempt.responses());
      repeat = attempt.may_repeat();
      status = attempt.status();
    } else {
      AtEndpoint terminal(tracker.where(), settings_);
      // What is to go only over TLS, or to this machine, is added there. Without TLS the address of
      // a proxy does not say where the call goes.
      const bool beyond = settings_.proxy && settings_.tls == nullptr;
      call.set_peer(beyond ? Peer::Ref() : picked.connection->peer());
      announce_room();
      status = co_await per_endpoint_.serve(call, terminal);
      repeat = terminal.may_repeat();
    }
    tracker.ended(status);
    if (status.ok()) co_return status;
    const bool again =
        repeat == Repeat::Unsent || (repeat == Repeat::Refused && std::exchange(refusable, false));
    if (again && !closed_ && call.requests().rewind()) continue;
    co_return status;
  }
}

LoopChannel::Picked LoopChannel::pick(const Call& call) {
  Subchannel* picked = nullptr;
  if (balancer_ == nullptr) {
    if (!members_.empty() && members_.front()->available()) picked = members_.front().get();
  } else {
    picked = static_cast<Subchannel*>(balancer_->pick(Request(call)));
  }
  if (picked == nullptr) return {};
  if (ClientConnection* connection = picked->connection()) [[likely]]
    return {picked, connection};
  picked->connect();
  return balancer_ == nullptr ? Picked() : any_with_room();
}

/// For a call whose endpoint is full: better elsewhere than later.
LoopChannel::Picked LoopChannel::any_with_room() noexcept {
  const std::size_t start = loop_.rng().below(members_.size());
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Subchannel& member = *members_[(start + i) % members_.size()];
    if (!member.available()) continue;
    if (ClientConnection* connection = member.connection()) return {&member, connection};
  }
  return {};
}

bool LoopChannel::has_room() noexcept {
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->available() && member->has_room(); });
}

bool LoopChannel::any_available() const noexcept {
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->available(); });
}

/// Whether there is nothing to wait for that is worth a caller's while.
bool LoopChannel::hopeless() noexcept {
  if (members_.empty()) return !nothing_found_.ok();
  return std::all_of(members_.begin(), members_.end(), [](const auto& member) {
    if (member->serving()) return !member->available() && member->health_known();
    return member->backing_off();
  });
}

/// Where a resolver of its own finds the endpoints the target is a name for people.
std::string LoopChannel::about_port() const {
  return settings_.options.resolver ? std::string() : about_missing_port(target_);
}

[[gnu::cold]] Status LoopChannel::why_hopeless() const {
  if (members_.empty()) return nothing_found_;
  if (members_.size() == 1 && !members_.front()->last_error().ok()) {
    const Status& error = members_.front()->last_error();
    return Status(error.code(), std::string(error.message()).append(about_port()), error.origin());
  }
  std::string message(cluster::shown(target_));
  message.append(": none of ").append(std::to_string(members_.size()));
  message.append(members_.size() == 1 ? " endpoint" : " endpoints").append(" takes calls");
  for (const auto& member : members_) {
    if (member->healthy()) continue;
    message.append("; ").append(to_string(member->endpoint()));
    message.append(" says it is not serving");
    break;
  }
  if (!last_error_.ok()) message.append("; last error: ").append(last_error_.message());
  message.append(about_port());
  return Status(StatusCode::Unavailable, message, Origin::Transport);
}

void LoopChannel::connect_all() {
  for (const auto& member : members_) {
    if (!member->serving()) member->connect();
  }
}

/// OK when it is worth while to pick again.
Task<Status> LoopChannel::wait_for_connection(const Context* context, bool for_ready, Place place) {
  if (closed_) co_return channel_destroyed();
  if (!resolvable_) co_return Status(nothing_found_);
  if (!for_ready && hopeless()) {
    resolution_.look_again();
    co_return why_hopeless();
  }
  Waiting waiting(*this, for_ready);
  // First, because an attempt may fail at once and tells who waits by then.
  if (place == Place::Back) {
    waiting_.push_back(waiting);
  } else {
    waiting_.push_front(waiting);
  }
  if (!any_available()) connect_all();
  const Status status = co_await waiting.wait;
  waiting.announced = false;
  const bool cut_short = context != nullptr && context->is_cancelled() && !status.ok();
  co_return cut_short ? why_waited(status) : status;
}

Task<Status> LoopChannel::connect() {
  const Active active(*this);
  if (!resolving_) resolve();
  const Context* context = co_await current_context();
  while (!any_available()) {
    Status status = co_await wait_for_connection(context, false, Place::Back);
    if (!status.ok()) co_return status;
    // It was for the room that may be there now, which this has no use for.
    announce_room();
  }
  co_return Status();
}

/// A call's cancellation while it waited, with what it waited for.
[[gnu::cold]] Status LoopChannel::why_waited(const Status& reason) const {
  std::string message(reason.message());
  message.append(" while waiting for a connection to ").append(cluster::shown(target_));
  const Status& error = members_.empty() ? nothing_found_ : last_error_;
  if (!error.ok()) message.append("; last error: ").append(error.message());
  message.append(about_port());
  return Status(reason.code(), message, reason.origin());
}

/// That ends the calls which do not want to wait for the next attempt.
void LoopChannel::fail_waiting(const Status& reason) noexcept {
  waiting_.for_each([&](Waiting& waiting) {
    if (waiting.wait_for_ready) return;
    waiting.unlink();
    waiting.wait.complete(reason);
  });
}

void LoopChannel::fail_if_hopeless() noexcept {
  if (hopeless()) fail_waiting(why_hopeless());
}

void LoopChannel::announce_room() noexcept {
  if (!waiting_.empty() && has_room()) wake_first();
}

/// Makes the one who waits longest look again.
void LoopChannel::wake_first() noexcept {
  while (Waiting* waiting = waiting_.pop_front()) {
    // One that was cancelled in this turn has no use for it.
    if (waiting->wait.completed()) continue;
    waiting->announced = true;
    return waiting->wait.complete();
  }
}

bool LoopChannel::on_connect_failed(Subchannel& subchannel) noexcept {
  last_error_ = subchannel.last_error();
  resolution_.look_again();
  if (!leaving_.empty() && !is_member(subchannel)) return false;
  fail_if_hopeless();
  return balancer_ != nullptr ? !asleep() : !waiting_.empty();
}

/// Whether nobody has called for so long that connections are not made for their own sake.
bool LoopChannel::asleep() noexcept {
  const TimePoint now = loop_.now();
  if (calls_ != calls_seen_ || !waiting_.empty()) {
    calls_seen_ = calls_;
    seen_at_ = now;
  }
  return now - seen_at_ >= settings_.options.idle_timeout;
}

void LoopChannel::on_serving_changed(Subchannel& subchannel) noexcept {
  const bool serving = subchannel.serving();
  if (serving) {
    last_error_ = {};
  } else {
    if (!subchannel.last_error().ok()) last_error_ = subchannel.last_error();
    resolution_.look_again();
  }
  refresh();
  if (!serving && balancer_ != nullptr && is_member(subchannel) && !asleep()) {
    subchannel.reconnect();
  }
  // Who waited for room on it looks again, and brings about a new connection.
  wake_first();
}

void LoopChannel::on_health_changed(Subchannel& subchannel) noexcept {
  using enum EndpointEvent::What;
  tell(subchannel.healthy() ? Healthy : Unhealthy, subchannel);
  refresh();
  fail_if_hopeless();
  wake_first();
}

void LoopChannel::close() noexcept {
  if (closed_) return;
  closed_ = true;
  if (active_ != 0) self_ = shared_from_this();
  resolver_context_.cancel(channel_destroyed());
  while (Waiting* waiting = waiting_.pop_front()) waiting->wait.complete(channel_destroyed());
  for (const auto& member : members_) member->close(channel_destroyed());
  for (const auto& member : leaving_) member->close(channel_destroyed());
}

void LoopChannel::coroutine_ended() noexcept {
  if (--active_ != 0 || !self_) return;
  // The coroutine that ends now is ours and still on the stack.
  loop_.post([self = std::move(self_)]() mutable { self.reset(); });
}

}  // namespace weft::rpc
