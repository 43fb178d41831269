#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/messaging/events/broker.h"

namespace weft::messaging {

namespace stored {
class Disk;
}  // namespace stored

struct LogOptions {
  /// Where its files are; made where it is missing, for this user only.
  std::string folder{};
  /// A topic's file that has grown to this is followed by another; at most 1 GiB. Old events are
  /// removed by whole files.
  std::size_t segment_bytes = std::size_t{64} << 20;
  /// Of each topic: how many bytes are kept, and for how long. Looked at when a file is full and
  /// when the log is opened; the newest file stays.
  std::uint64_t keep_bytes = UINT64_MAX;
  Duration keep_age = kForever;
  /// Whether that holds also for events that a group has not handled; else they stay until it has.
  bool drops_unread = false;
  /// After so long at most, what a group has acknowledged is stored; a crash repeats what was not.
  Duration commit_interval = std::chrono::milliseconds(100);
  /// Bytes of events that wait for the disk; beyond it publishing is RESOURCE_EXHAUSTED.
  std::size_t max_queued_bytes = std::size_t{64} << 20;

  // For tests.
  std::shared_ptr<stored::Disk> disk{};   ///< null: the system's
  std::function<std::int64_t()> clock{};  ///< milliseconds since 1970
};

/// The embedded log: a broker in files of this machine, for the programs of one process. The target
/// "log:/var/lib/shop" opens it with default options, by open_broker().
///
/// An event is acknowledged once a sync has made it safe; all that publishers hand over meanwhile
/// share the next one. One thread writes. Each group has one subscription for a topic at a time: a
/// second one is refused with FAILED_PRECONDITION.
///
/// FAILED_PRECONDITION: another program has the log open, or a newer version has written it.
/// DATA_LOSS: a file is damaged, which the message names with the position. PERMISSION_DENIED,
/// RESOURCE_EXHAUSTED: what the system says of the folder. docs/guide/events.md says what to do.
Result<std::shared_ptr<Broker>> open_log(LogOptions options);

}  // namespace weft::messaging
