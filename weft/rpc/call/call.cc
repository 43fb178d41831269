#include "weft/rpc/call/call.h"

#include <string>

namespace weft {
namespace {

/// The place of the '/' between service and method; npos where the path is not of that form.
std::size_t separator(std::string_view path) noexcept {
  return path.empty() || path.front() != '/' ? std::string_view::npos : path.find('/', 1);
}

}  // namespace

Call::RareState::~RareState() = default;

std::string_view Call::service() const noexcept {
  const std::size_t at = separator(path_);
  return at == std::string_view::npos ? std::string_view{} : path_.substr(1, at - 1);
}

std::string_view Call::method_name() const noexcept {
  const std::size_t at = separator(path_);
  return at == std::string_view::npos ? std::string_view{} : path_.substr(at + 1);
}

void Call::take_request_of(const Call& other) {
  share_request_metadata(other.request_metadata());
  started_ = other.started_;
  max_receive_size_ = other.max_receive_size_;
  max_send_size_ = other.max_send_size_;
  compression_ = other.compression_;
  wait_for_ready_ = other.wait_for_ready_;
  if (other.balance_key()) set_balance_key(*other.balance_key());
  if (other.codec() != nullptr) set_codec(other.rare_->codec);
  // Not copied: what a middleware around `other` leaves later is seen as well.
  rare().made_for = &other;
  if (side_ == Side::Server) peer_ = other.peer_;
}

const std::shared_ptr<const Principal>& Call::share_principal() const {
  static const std::shared_ptr<const Principal> kNobody;
  const Call* call = this;
  for (; call->rare_ != nullptr; call = call->rare_->made_for) {
    if (call->rare_->principal != nullptr) return call->rare_->principal;
    if (call->rare_->made_for == nullptr) break;
  }
  return call->side_ == Side::Server && call->peer_ ? call->peer_->principal() : kNobody;
}

void Call::limit_deadline(TimePoint deadline) {
  if (deadline >= context().deadline()) return;
  Context::limit_deadline(deadline);
  // A deadline that was inherited is watched by whoever set it, and its cancellation reaches this
  // context.
  loop_.arm(*this, deadline);
}

void Call::limit_timeout(Duration timeout) {
  const TimePoint now = loop_.now();
  if (started_ == TimePoint{}) started_ = now;
  limit_deadline(after(now, timeout));
}

void Call::watch_deadline() {
  if (context().deadline() == kNever || armed()) return;
  loop_.arm(*this, context().deadline());
}

void Call::deadline_passed(net::Timer& timer) noexcept {
  auto& call = static_cast<Call&>(timer);
  std::string message = "deadline exceeded";
  if (call.started_ != TimePoint{}) {
    // What is left of a deadline that came over the wire has nanoseconds that say nothing.
    const TimePoint deadline = std::max(call.context().deadline(), call.started_);
    const auto after = std::chrono::round<std::chrono::microseconds>(deadline - call.started_);
    message.append(" after ").append(to_string(after));
  }
  call.context().cancel(deadline_exceeded(message));
}

}  // namespace weft
