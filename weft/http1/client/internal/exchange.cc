#include "weft/http1/client/internal/exchange.h"

#include <algorithm>
#include <utility>

#include "weft/net/loop/wait.h"

namespace weft::http1 {
namespace {

// After so much without a wait others have their turn.
constexpr std::size_t kBytesOfATurn = std::size_t{256} * 1024;

/// For balancers and outlier detection: whether the instance did its work.
StatusCode code_for_balancer(int status) {
  if (status == 503 || status == 502) return StatusCode::Unavailable;
  return status >= 500 ? StatusCode::Internal : StatusCode::Ok;
}

}  // namespace

Exchange::Exchange(Lease lease, std::shared_ptr<const ClientSetup> setup, std::string method)
    : setup_(std::move(setup)),
      lease_(std::move(lease)),
      reused_(lease_->connection().reused()),
      parser_(setup_->options, std::move(method)) {}

Exchange::~Exchange() = default;

Task<Status> Exchange::start(std::string head, const Request& request, Context* context) {
  upload_.emplace(lease_->connection(), setup_->options.stall_timeout);
  upload_->start(std::move(head), request, context);
  for (;;) {
    const ResponseParser::Step step = parser_.next(lease_->connection().received());
    lease_->connection().skip(step.skip);
    if (step.outcome == ResponseParser::Outcome::Head) break;
    if (step.outcome == ResponseParser::Outcome::Refused) {
      co_return fail(broken(StatusCode::Internal, parser_.why()));
    }
    if (step.outcome == ResponseParser::Outcome::Interim) continue;
    Status status = co_await fill();
    if (!status.ok()) co_return fail(std::move(status));
  }
  lease_->report(code_for_balancer(parser_.status()), Origin::Peer);
  if (parser_.at_end()) finish();
  co_return Status();
}

Task<Result<Bytes>> Exchange::read() {
  for (;;) {
    if (!failure_.ok()) co_return failure_.with_prefix(name_);
    if (!lease_) co_return Bytes();
    Connection& connection = lease_->connection();
    const ResponseParser::Step step = parser_.next(connection.received());
    connection.skip(step.skip);
    if (step.outcome == ResponseParser::Outcome::Content) co_return connection.take(step.content);
    if (step.outcome == ResponseParser::Outcome::End) {
      finish();
      co_return Bytes();
    }
    if (step.outcome == ResponseParser::Outcome::Refused) {
      co_return fail(broken(StatusCode::Internal, parser_.why())).with_prefix(name_);
    }
    Status status = co_await fill();
    if (!status.ok()) co_return fail(std::move(status)).with_prefix(name_);
  }
}

/// Until there is more to parse, or the parser is at its end.
Task<Status> Exchange::fill() {
  Connection& connection = lease_->connection();
  net::Loop& loop = connection.loop();
  const TimePoint begun = loop.now();
  for (;;) {
    if (upload_->is_fatal()) co_return upload_->status();
    net::IoResult result = connection.receive();
    if (result.kind != net::IoResult::Kind::WouldBlock) {
      Status status = take(result);
      if (!status.ok() || received_at_once_ < kBytesOfATurn) co_return status;
      received_at_once_ = 0;
      net::Wait turn(loop, loop.now());
      co_return co_await turn;
    }
    received_at_once_ = 0;
    const TimePoint until = limit_of(begun);
    if (loop.now() >= until) co_return too_late();
    Status status = co_await connection.readable(until);
    if (!status.ok()) co_return status;
  }
}

Status Exchange::take(net::IoResult& result) {
  if (result.kind == net::IoResult::Kind::Failed) return std::move(result.error);
  if (result.kind == net::IoResult::Kind::Done) {
    received_ = true;
    received_at_once_ += result.size;
    return {};
  }
  // RFC 9112 section 9.8: whoever can cut the connection could cut the body.
  if (parser_.ends_with_connection() && !lease_->connection().ended_cleanly()) {
    return broken(StatusCode::Unavailable,
                  "TLS broke off without its end (close_notify), which is to be the body's end");
  }
  const ResponseParser::Outcome outcome = parser_.end_of_stream(lease_->connection().received());
  if (outcome == ResponseParser::Outcome::End) return {};
  return broken(StatusCode::Unavailable, parser_.why());
}

/// While the request is sent, its own limit holds; then that of the head, or of a part of the body.
TimePoint Exchange::limit_of(TimePoint begun) const noexcept {
  if (parser_.has_head()) return std::min(deadline_, after(begun, setup_->options.stall_timeout));
  if (upload_->state() == Upload::State::Running) return kNever;
  return after(upload_->sent_at(), setup_->options.response_timeout);
}

Status Exchange::too_late() const {
  const net::Address& peer = lease_->connection().peer();
  if (parser_.has_head() && lease_->connection().loop().now() >= deadline_) {
    return deadline_exceeded("no whole response before the deadline of the request");
  }
  const std::string due(parser_.expected());
  const ClientOptions& options = setup_->options;
  return Status(StatusCode::DeadlineExceeded,
                peer.to_string() + ": " +
                    (parser_.has_head()
                         ? "nothing of " + due + " came for " + to_string(options.stall_timeout) +
                               " (ClientOptions::stall_timeout)"
                         : due + " did not come within " + to_string(options.response_timeout) +
                               " (ClientOptions::response_timeout)"),
                Origin::Transport);
}

Status Exchange::broken(StatusCode code, const std::string& why) const {
  return Status(code, lease_->connection().peer().to_string() + ": " + why, Origin::Transport);
}

/// The connection cannot be used any more.
Status Exchange::fail(Status why) {
  failure_ = why;
  lease_->report(why.code(), why.origin());
  upload_.reset();
  lease_.reset();
  return why;
}

void Exchange::finish() {
  trailers_ = parser_.trailers();
  Connection& connection = lease_->connection();
  const bool unasked = !connection.received().empty();
  if (unasked) lease_->note_unasked();
  const bool sent = upload_->state() == Upload::State::Sent;
  upload_.reset();
  if (sent && !unasked && parser_.keeps_connection()) lease_->give_back();
  lease_.reset();
}

}  // namespace weft::http1
