#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "weft/registry/etcd/internal/etcd_client.h"

namespace weft::registry {

/// The keys below a prefix as they are in etcd, kept up to date:
///
///     list at revision r ──> watch from r+1 ──event of revision s──> watch from s+1 ...
///          ^                      │ broken: the same from the next member
///          └──────────────────────┴ compacted, or the data are not those that were listed
///
/// That they are not, after a disk was lost, cannot be seen by the cluster's id, which comes from
/// its configuration, nor always by the revision, which may have come as far again. So before a
/// watch is resumed, the key that changed last is read as of then.
///
/// Belongs to one loop; one coroutine uses it.
class EtcdPrefix {
 public:
  struct Value {
    std::string text;
    std::int64_t revision = 0;  ///< of its last change
    std::int64_t lease = 0;
  };
  using Keys = std::map<std::string, Value>;

  /// `client` outlives it.
  explicit EtcdPrefix(EtcdClient& client) : client_(client) {}

  /// Suspends until keys() may have changed or it is `until`; the first time until it has been
  /// filled. An error when no member could tell: what was in stays, and the next call tries again.
  Task<Status> next(TimePoint until = kNever);

  /// By key, without the prefix.
  const Keys& keys() const noexcept { return keys_; }
  /// How often etcd turned out to hold other data than before: it was set up anew, or from a
  /// backup.
  std::uint64_t losses() const noexcept { return losses_; }

 private:
  using Stream = ClientReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>;
  enum class Outcome : std::uint8_t { Nothing, Changed, ListAgain, Ended, TimedOut };

  /// What the watch says next.
  Task<Outcome> read(TimePoint until);
  Task<Status> list();
  Task<Result<etcdserverpb::RangeResponse>> list_from(const std::string& key,
                                                      std::int64_t revision);
  void take(const etcdserverpb::ResponseHeader& header);
  Task<Status> open();
  /// Whether etcd still has what was listed; where it says otherwise, or no longer knows, it is to
  /// be listed again.
  Task<Status> check_data();
  Outcome take(const etcdserverpb::WatchResponse& response);
  void apply(const mvccpb::Event& event);
  /// The stream has ended: why. To the next member; true while some have not been tried since the
  /// last that did.
  bool try_next(Status& why);

  EtcdClient& client_;
  Keys keys_;
  std::uint64_t cluster_ = 0;
  /// Up to here everything is in keys_; 0: nothing was listed yet.
  std::int64_t revision_ = 0;
  bool must_list_ = true;
  /// Nothing has been heard since the list, so that there is no need to check it.
  bool just_listed_ = false;
  bool other_data_ = false;
  std::uint64_t losses_ = 0;
  std::optional<Stream> stream_;
  Status refusal_;  // why a watch was cancelled
  TimePoint opened_{};
  std::size_t failures_ = 0;
};

}  // namespace weft::registry
