#pragma once

#include <string>

#include "weft/base/status.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/rpc/client/client_stream.h"

namespace weft::registry {

/// Cancels a streaming call that takes too long for an answer; to be declared behind the stream.
class StreamLimit : private net::Timer {
 public:
  StreamLimit(net::Loop& loop, ClientStream& stream, Duration limit)
      : Timer(&StreamLimit::expire), stream_(stream), limit_(limit) {
    if (limit != kForever) loop.arm(*this, after(loop.now(), limit));
  }
  bool expired() const noexcept { return expired_; }
  /// The answer has come.
  void lift() noexcept { cancel(); }
  /// How the call ended, in words: where this cancelled it, "no answer within 5s".
  Status explain(const Status& status) const {
    if (!expired_) return status;
    return unavailable("no answer within " + to_string(limit_));
  }

 private:
  static void expire(Timer& timer) noexcept {
    auto& self = static_cast<StreamLimit&>(timer);
    self.expired_ = true;
    self.stream_.cancel();
  }

  ClientStream& stream_;
  Duration limit_;
  bool expired_ = false;
};

}  // namespace weft::registry
