#include "weft/messaging/nats/internal/link/broker_link.h"

#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/limit.h"
#include "weft/messaging/nats/internal/link/broker_error.h"
#include "weft/net/socket/read_blocks.h"

namespace weft::nats {
namespace {

constexpr std::size_t kBlock = std::size_t{32} << 10;
/// Blocks that one event reads; the rest waits for the next turn.
constexpr int kBlocksOfTurn = 2;
/// Intervals of PING without a word of the broker.
constexpr int kMostSilent = 2;

Status lost(std::string_view why) {
  return Status(StatusCode::Unavailable, why, Origin::Transport);
}

}  // namespace

BrokerLink::BrokerLink(net::Loop& loop, std::shared_ptr<const Setup> setup, LinkOwner& owner)
    : loop_(loop),
      setup_(std::move(setup)),
      owner_(owner),
      backoff_(loop.rng(), setup_->options.first_pause, setup_->options.most_pause) {
  loop_.at_loop_end(*this);
}

BrokerLink::~BrokerLink() { close(); }

void BrokerLink::on_loop_end() noexcept {
  close();
  // Streams are gone before their loop.
  stream_.reset();
}

void BrokerLink::close() noexcept {
  if (std::exchange(state_, State::Closed) == State::Closed) return;
  pause_.cancel();
  connecting_.reset();
  drop_connection();
  LoopEndHook::unlink();
}

// ---- Connecting --------------------------------------------------------------------------------

void BrokerLink::open() {
  if (state_ != State::Idle) return;
  state_ = State::Connecting;
  connect_soon();
}

/// In a turn of its own: a coroutine does not begin where messages are read.
void BrokerLink::connect_soon() {
  if (std::exchange(connect_posted_, true)) return;
  loop_.post([weak = weak_from_this()] {
    const std::shared_ptr<BrokerLink> self = weak.lock();
    if (self != nullptr) self->connect_now();
  });
}

void BrokerLink::connect_now() {
  connect_posted_ = false;
  if (state_ != State::Connecting || connecting_.has_value()) return;
  connecting_.emplace(attempt(*this));
  connecting_->start(
      nullptr,
      {.function = [](void* link) noexcept { static_cast<BrokerLink*>(link)->attempt_ended(); },
       .argument = this});
}

Task<> BrokerLink::attempt(BrokerLink& self) {
  const net::HostPort& broker = self.setup_->to.brokers[self.next_broker_];
  self.made_.emplace(co_await connect(*self.setup_, broker));
}

void BrokerLink::attempt_ended() {
  const std::shared_ptr<BrokerLink> self = shared_from_this();
  Result<Session> session = *std::exchange(made_, std::nullopt);
  connecting_.reset();
  if (state_ != State::Connecting) return;
  if (session.ok()) {
    connected(*std::move(session));
  } else {
    attempt_failed(session.status());
  }
}

/// The next broker at once; a pause once none of them has answered.
void BrokerLink::attempt_failed(const Status& reason) {
  last_error_ = reason;
  const std::size_t brokers = setup_->to.brokers.size();
  next_broker_ = (next_broker_ + 1) % brokers;
  if (++failed_in_round_ < brokers) return connect_soon();
  failed_in_round_ = 0;
  state_ = State::Pause;
  loop_.arm(pause_, after(loop_.now(), backoff_.next()));
  owner_.on_unreachable(reason);
}

void BrokerLink::pause_over(net::Timer& timer) noexcept {
  BrokerLink& self = static_cast<LinkTimer&>(timer).link;
  self.state_ = State::Connecting;
  self.connect_soon();
}

void BrokerLink::connected(Session session) {
  state_ = State::Connected;
  failed_in_round_ = 0;
  connected_at_ = loop_.now();
  stream_ = std::move(session.stream);
  info_ = session.info;
  ParserLimits limits;
  limits.message = setup_->max_message;
  parser_ = Parser(limits);
  sent_ = 0;
  stream_->set_handler(this);
  stream_->want_read();
  heard_ = true;
  silent_ = 0;
  loop_.arm(pinger_, after(loop_.now(), setup_->options.ping_interval));
  for (std::size_t i = 0; i < subscriptions_.size(); ++i) write_subscription(i);
  owner_.on_connected();
  if (!session.unread.empty()) take_bytes(session.unread);
}

// ---- Sending -----------------------------------------------------------------------------------

void BrokerLink::subscribe(std::string subject, std::string queue) {
  subscriptions_.push_back({std::move(subject), std::move(queue)});
  if (state_ == State::Connected) write_subscription(subscriptions_.size() - 1);
}

void BrokerLink::write_subscription(std::size_t index) {
  const Subscription& it = subscriptions_[index];
  std::string& out = output_.bytes();
  out.append("SUB ").append(it.subject).append(" ");
  if (!it.queue.empty()) out.append(it.queue).append(" ");
  out.append(std::to_string(index + 1)).append("\r\n");
  written_to();
}

void BrokerLink::unsubscribe_all() {
  if (state_ == State::Connected) {
    for (std::size_t i = 0; i < subscriptions_.size(); ++i) {
      output_.bytes().append("UNSUB ").append(std::to_string(i + 1)).append("\r\n");
    }
    written_to();
  }
  subscriptions_.clear();
}

void BrokerLink::publish(std::string_view subject, std::string_view reply, std::string_view headers,
                         const Message& payload) {
  std::string& out = output_.bytes();
  out.append("HPUB ").append(subject).append(" ");
  if (!reply.empty()) out.append(reply).append(" ");
  out.append(std::to_string(headers.size())).append(" ");
  out.append(std::to_string(headers.size() + payload.size())).append("\r\n");
  out.append(headers);
  const std::size_t at = out.size();
  out.resize(at + payload.size());
  payload.write_to(out.data() + at);
  out.append("\r\n");
  written_to();
}

void BrokerLink::flush() {
  output_.bytes().append("PING\r\n");
  pongs_.push_back(Pong::Flushes);
  written_to();
}

void BrokerLink::written_to() {
  if (!TurnEndHook::linked()) loop_.at_turn_end(*this);
}

void BrokerLink::write() noexcept {
  while (state_ == State::Connected && output_.size() != 0) {
    const std::string_view unsent = output_.unsent();
    const iovec slice{const_cast<char*>(unsent.data()), unsent.size()};
    const net::IoResult result = stream_->write({&slice, 1});
    if (result.kind == net::IoResult::Kind::WouldBlock) {
      stream_->want_write();
      break;
    }
    if (result.kind != net::IoResult::Kind::Done) return lose(result.error);
    output_.note_sent(result.size);
    sent_ += result.size;
    // While nothing is read, this is what shows that the broker lives.
    heard_ = heard_ || reading_paused_;
  }
  if (reading_paused_ && output_.size() <= setup_->options.max_output) {
    reading_paused_ = false;
    stream_->want_read();
  }
}

// ---- Receiving ---------------------------------------------------------------------------------

void BrokerLink::on_readable() noexcept {
  const std::shared_ptr<BrokerLink> self = shared_from_this();
  const bool goes_on = net::read_blocks<kBlock>(
      *stream_, kBlocksOfTurn, [this](std::string_view bytes) { return take_bytes(bytes); },
      [this](const net::IoResult& result) {
        lose(result.kind == net::IoResult::Kind::Failed ? result.error
                                                        : lost("the broker closed the connection"));
      });
  if (!goes_on) return;
  // What cannot be answered is not asked for.
  reading_paused_ = output_.size() > setup_->options.max_output;
  if (!reading_paused_) stream_->want_read();
}

/// False where the connection is gone.
bool BrokerLink::take_bytes(std::string_view bytes) {
  heard_ = true;
  while (!bytes.empty()) {
    const Parser::Progress progress = parser_.read(bytes);
    if (progress == Parser::Progress::NeedMore) return true;
    if (progress == Parser::Progress::Broken) {
      lose(parser_.error());
      return false;
    }
    if (!take(parser_.operation())) return false;
  }
  return true;
}

bool BrokerLink::take(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::Message:
      loop_.add_work(1);
      owner_.on_message(operation);
      break;
    case Operation::Kind::Ping:
      output_.bytes().append("PONG\r\n");
      written_to();
      break;
    case Operation::Kind::Pong:
      take_pong();
      break;
    case Operation::Kind::Info:
      take_info(operation.text);
      break;
    case Operation::Kind::Ok:
      break;
    case Operation::Kind::Error:
      return take_error(operation.text);
  }
  return state_ == State::Connected;
}

bool BrokerLink::take_error(std::string_view text) {
  if (is_harmless(text)) {
    owner_.on_refused(text);
    return state_ == State::Connected;
  }
  lose(broker_error(text));
  return false;
}

void BrokerLink::take_pong() noexcept {
  // One that nobody asked for means nothing.
  if (pongs_.empty()) return;
  const Pong pong = pongs_.front();
  pongs_.pop_front();
  if (pong == Pong::Flushes) owner_.on_flushed();
}

/// Brokers say it again when something has changed: a limit, or that they will end.
void BrokerLink::take_info(std::string_view json) {
  Result<BrokerInfo> info = parse_info(json);
  if (!info.ok()) return lose(info.status());
  if (info->lame_duck && !info_.lame_duck) {
    static constinit LogLimit limit(1);
    log(limit, LogLevel::Info, setup_->name() + ": the broker is about to end");
  }
  info_ = *info;
}

void BrokerLink::ping_due(net::Timer& timer) noexcept {
  BrokerLink& self = static_cast<LinkTimer&>(timer).link;
  self.silent_ = std::exchange(self.heard_, false) ? 0 : self.silent_ + 1;
  if (self.silent_ >= kMostSilent) {
    return self.lose(lost("the broker has not answered for two of Options::ping_interval"));
  }
  self.output_.bytes().append("PING\r\n");
  self.pongs_.push_back(Pong::KeepsAlive);
  self.written_to();
  self.loop_.arm(self.pinger_, after(self.loop_.now(), self.setup_->options.ping_interval));
}

// ---- The end of a connection -------------------------------------------------------------------

void BrokerLink::lose(const Status& reason) noexcept {
  if (state_ != State::Connected) return;
  const std::string name = "NATS at " + name_of(setup_->to.brokers[next_broker_]);
  last_error_ = reason.with_prefix(name);
  const bool lasted = loop_.now() - connected_at_ > setup_->options.most_pause;
  if (lasted) backoff_.reset();
  drop_connection();
  next_broker_ = (next_broker_ + 1) % setup_->to.brokers.size();
  state_ = State::Pause;
  // A broker that lets clients in and throws them out is not asked again at once.
  loop_.arm(pause_, after(loop_.now(), backoff_.next()));
  owner_.on_lost(last_error_);
}

/// The sent bytes stay counted until on_lost() has been told.
void BrokerLink::drop_connection() noexcept {
  pinger_.cancel();
  TurnEndHook::unlink();
  if (stream_ != nullptr) stream_->close();
  output_.clear();
  pongs_.clear();
  reading_paused_ = false;
}

}  // namespace weft::nats
