#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/middleware/reuse/single_answer.h"
#include "weft/rpc/call/call.h"

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

}  // namespace weft::middleware
