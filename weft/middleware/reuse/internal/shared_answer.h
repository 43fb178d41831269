#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/codec/message.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/client/unary_call.h"

// What single-flight and the response cache have in common: one answer for several calls.
namespace weft::middleware {

/// Unary, and marked NO_SIDE_EFFECTS or one of `methods`, which are paths.
bool may_share_answer(const Call& call, const std::vector<std::string>& methods);

/// Which calls may get the same answer.
struct SharingRules {
  const std::vector<std::string>& vary;
  bool across_principals = false;
};

/// What two calls have in common if they may get the same answer: the method, the format of
/// their messages (Call::codec()), the request and the metadata of the names in `vary`. Unless
/// `across_principals`, also the metadata `authorization`, the principal with its roles and claims,
/// and on a server the client's verified certificate.
std::string answer_key(const Call& call, const SharingRules& rules, const Bytes& request);

/// Whether the caller of a call has become known only behind a policy that shares answers: its key
/// did not have the principal, so its answer must not be shared.
class CallerWatch {
 public:
  CallerWatch(const Call& call, const SharingRules& rules)
      : call_(call), watched_(!rules.across_principals) {
    if (watched_) before_ = call.share_principal();
  }
  bool is_another() const {
    if (!watched_) return false;
    const std::shared_ptr<const Principal>& now = call_.share_principal();
    if (now == before_) return false;
    return now == nullptr || before_ == nullptr || *now != *before_;
  }

 private:
  const Call& call_;
  bool watched_;
  std::shared_ptr<const Principal> before_{};
};

/// Puts a request that was read from a call back in front of who serves it. For as long as it
/// exists.
class RequestPutBack {
 public:
  RequestPutBack(Call& call, Message request)
      : call_(call), before_(call.requests()), again_(std::move(request)) {
    call.set_requests(again_);
  }
  RequestPutBack(const RequestPutBack&) = delete;
  RequestPutBack& operator=(const RequestPutBack&) = delete;
  ~RequestPutBack() { call_.set_requests(before_); }

 private:
  Call& call_;
  MessageReader& before_;
  rpc::SingleRequest again_;
};

/// An answer with OK.
struct Answer {
  Message message;
  Metadata response_metadata;
  Metadata trailers;
};

/// Passes the one response of a call on and keeps it. For as long as it exists.
class ResponseTap final : public MessageWriter {
 public:
  explicit ResponseTap(Call& call) : call_(call), inner_(call.responses()) {
    call.set_responses(*this);
  }
  ResponseTap(const ResponseTap&) = delete;
  ResponseTap& operator=(const ResponseTap&) = delete;
  ~ResponseTap() { call_.set_responses(inner_); }

  Poll offer(const Message& message) override;
  void wait(Waiter& waiter) noexcept override { inner_.wait(waiter); }
  bool unwait() noexcept override { return inner_.unwait(); }

  /// The answer, once the call has ended with OK; nothing where it was not one message.
  std::optional<Answer> answer() const;

 private:
  Call& call_;
  MessageWriter& inner_;
  std::optional<Message> kept_;
  int count_ = 0;
};

/// Gives a call an answer that another one got.
Task<Status> deliver(Call& call, const Answer& answer);

}  // namespace weft::middleware
