#pragma once

#include <optional>

#include "weft/rpc/client/channel.h"

#include "tools/weft/connection_flags.h"

namespace weft::cli {

/// The channels of a command to its server: of calls, and of reflection, which may have to go by
/// another protocol.
class ServerChannels {
 public:
  explicit ServerChannels(const ConnectionFlags& flags)
      : calls_(flags.target, flags.channel_options()) {
    if (flags.types_target != flags.target) {
      types_.emplace(flags.types_target, flags.channel_options());
    }
  }

  Channel& calls() noexcept { return calls_; }
  Channel& types() noexcept { return types_ ? *types_ : calls_; }

 private:
  Channel calls_;
  std::optional<Channel> types_;
};

}  // namespace weft::cli
