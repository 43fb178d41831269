#pragma once

#include <memory>

#include "weft/base/intrusive_list.h"
#include "weft/base/status.h"
#include "weft/codec/codec.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/call.h"

namespace weft::rpc {

class InprocServer;

/// An attempt of a call that is under way, for its channel.
class InprocAttempt : public ListNode {
 public:
  /// Ends it with `reason`.
  virtual void cut(const Status& reason) noexcept = 0;

 protected:
  ~InprocAttempt() = default;
};

/// Serves a call on another loop, one of the server's; `all` has it meanwhile.
Task<Status> serve_on_other_loop(Call& call, std::shared_ptr<InprocServer> server,
                                 IntrusiveList<InprocAttempt>& all);

/// What a server has to know of the format of a call's messages; empty: protobuf.
inline std::string_view format_of(const Call& call) noexcept {
  return call.codec() == nullptr ? std::string_view() : call.codec()->name();
}

/// Makes what a server has sent the call's, and says so.
void give_response_metadata(Call& call, Metadata& metadata);

}  // namespace weft::rpc
