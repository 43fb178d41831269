#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/messaging/events/broker.h"

namespace weft::messaging {

/// The attribute of an event that is for one group only; others skip it.
inline constexpr std::string_view kForGroup = "forgroup";

struct RequeueOptions {
  /// The topic of the dead letters: "orders.dead".
  std::string dead_letters{};
  /// It ends when nothing has come for so long.
  Duration idle = std::chrono::seconds(1);
};

/// Publishes dead letters again to the topics that they came from, at the end of these, for the
/// group that could not handle them: other groups skip them. The source and the id stay. How many
/// those were. What was requeued is not requeued again: the group "requeue" has its place in the
/// dead letters. A letter that does not say where it came from is left out, with a line in the log.
Task<Result<std::size_t>> requeue(Broker& broker, RequeueOptions options);

}  // namespace weft::messaging
