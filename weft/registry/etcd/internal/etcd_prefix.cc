#include "weft/registry/etcd/internal/etcd_prefix.h"

#include <algorithm>
#include <utility>

#include "weft/base/log.h"
#include "weft/registry/internal/stream_limit.h"

namespace weft::registry {
namespace {

// With entries of a few hundred bytes a page stays far below a message's usual limit of 4 MiB.
constexpr std::int64_t kPage = 500;
// A watch that held so long did not fail for the reason for which the one before did.
constexpr Duration kHeld = std::chrono::seconds(5);

}  // namespace

Task<Status> EtcdPrefix::next(TimePoint until) {
  for (;;) {
    if (must_list_) co_return co_await list();
    Status broken;
    if (!stream_) broken = co_await open();
    if (must_list_) {
      stream_.reset();
      continue;
    }
    if (broken.ok()) {
      const Outcome outcome = co_await read(until);
      if (outcome == Outcome::Changed) co_return ok_status();
      if (outcome == Outcome::Nothing) continue;
      if (outcome == Outcome::Ended) broken = co_await stream_->finish();
      stream_.reset();
      if (outcome == Outcome::ListAgain) continue;
      if (outcome == Outcome::TimedOut) co_return ok_status();
      if (!refusal_.ok()) broken = std::exchange(refusal_, Status());
      if (broken.ok()) broken = unavailable("it ended the watch");
    }
    const Context* context = co_await current_context();
    if (context != nullptr && context->is_cancelled()) co_return context->cancel_reason();
    if (!try_next(broken)) co_return broken;
  }
}

Task<EtcdPrefix::Outcome> EtcdPrefix::read(TimePoint until) {
  net::Loop& loop = client_.loop();
  StreamLimit limit(loop, *stream_, until == kNever ? kForever : until - loop.now());
  const std::optional<etcdserverpb::WatchResponse> response = co_await stream_->read();
  if (response) co_return take(*response);
  co_return limit.expired() ? Outcome::TimedOut : Outcome::Ended;
}

bool EtcdPrefix::try_next(Status& why) {
  stream_.reset();
  if (client_.loop().now() - opened_ >= kHeld) failures_ = 0;
  const bool may_pass = client_.failed(why);
  log(LogLevel::Debug, "registry: watching " + client_.target().prefix + ": " + why.to_string());
  if (may_pass && ++failures_ < client_.members()) return true;
  failures_ = 0;
  return false;
}

Task<Status> EtcdPrefix::list() {
  const std::string& prefix = client_.target().prefix;
  Keys found;
  std::string from = prefix;
  std::int64_t revision = 0;
  etcdserverpb::ResponseHeader header;
  for (bool more = true; more;) {
    Result<etcdserverpb::RangeResponse> page = co_await list_from(from, revision);
    if (!page.ok()) co_return std::move(page).status();
    // The pages are all of the first one's revision.
    if (revision == 0) header = page->header();
    revision = header.revision();
    for (mvccpb::KeyValue& key : *page->mutable_kvs()) {
      from = key.key();
      found[from.substr(prefix.size())] = {.text = std::move(*key.mutable_value()),
                                           .revision = key.mod_revision(),
                                           .lease = key.lease()};
    }
    more = page->more() && page->kvs_size() != 0;
    from += '\0';
  }
  take(header);
  keys_ = std::move(found);
  co_return ok_status();
}

Task<Result<etcdserverpb::RangeResponse>> EtcdPrefix::list_from(const std::string& key,
                                                                std::int64_t revision) {
  etcdserverpb::RangeRequest request;
  request.set_key(key);
  request.set_range_end(end_of_prefix(client_.target().prefix));
  request.set_limit(kPage);
  request.set_revision(revision);
  co_return co_await client_.call(&etcdserverpb::KVClient::Range, request);
}

void EtcdPrefix::take(const etcdserverpb::ResponseHeader& header) {
  const bool other_cluster = cluster_ != 0 && header.cluster_id() != cluster_;
  if (std::exchange(other_data_, false) || other_cluster || header.revision() < revision_) {
    ++losses_;
    log(LogLevel::Warn, "registry: etcd no longer has the data it had below " +
                            client_.target().prefix + ": it was set up anew or from a backup");
  }
  cluster_ = header.cluster_id();
  revision_ = header.revision();
  must_list_ = false;
  just_listed_ = true;
}

Task<Status> EtcdPrefix::open() {
  opened_ = client_.loop().now();
  Status status = co_await client_.log_in();
  if (status.ok() && !std::exchange(just_listed_, false)) status = co_await check_data();
  if (!status.ok() || must_list_) co_return status;
  const std::string& prefix = client_.target().prefix;
  etcdserverpb::WatchRequest request;
  etcdserverpb::WatchCreateRequest& create = *request.mutable_create_request();
  create.set_key(prefix);
  create.set_range_end(end_of_prefix(prefix));
  create.set_start_revision(revision_ + 1);
  create.set_progress_notify(true);
  create.set_fragment(true);
  const etcdserverpb::WatchClient client(client_.channel());
  stream_.emplace(co_await client.Watch(client_.stream_options()));
  StreamLimit limit(client_.loop(), *stream_, EtcdClient::kAnswerTime);
  static_cast<void>(co_await stream_->write(request));
  const std::optional<etcdserverpb::WatchResponse> response = co_await stream_->read();
  limit.lift();
  if (response && response->created() && !response->canceled()) {
    // A member that was left behind, or one of another cluster: it would keep silent until its
    // revision has come so far.
    const etcdserverpb::ResponseHeader& header = response->header();
    must_list_ = header.cluster_id() != cluster_ || header.revision() < revision_;
    co_return ok_status();
  }
  if (response) {
    // Of a watch that is refused, that it was created is said as well.
    if (take(*response) == Outcome::ListAgain) must_list_ = true;
    co_return must_list_ ? ok_status() : std::exchange(refusal_, Status());
  }
  status = co_await stream_->finish();
  co_return limit.explain(status.ok() ? unavailable("it ended the watch") : status);
}

Task<Status> EtcdPrefix::check_data() {
  const auto newest = std::max_element(
      keys_.begin(), keys_.end(),
      [](const auto& a, const auto& b) { return a.second.revision < b.second.revision; });
  must_list_ = newest == keys_.end();
  if (must_list_) co_return ok_status();
  const Value known = newest->second;
  etcdserverpb::RangeRequest request;
  request.set_key(client_.target().prefix + newest->first);
  request.set_revision(known.revision);
  const etcdserverpb::KVClient client(client_.channel());
  CallOptions options = client_.stream_options();
  options.timeout = EtcdClient::kAnswerTime;
  const Result<etcdserverpb::RangeResponse> found = co_await client.Range(request, options);
  if (!found.ok()) {
    // Compacted, or not reached yet.
    must_list_ = found.status().code() == StatusCode::OutOfRange;
    co_return must_list_ ? ok_status() : found.status();
  }
  if (found->kvs_size() == 1) {
    const mvccpb::KeyValue& key = found->kvs(0);
    if (key.mod_revision() == known.revision && key.lease() == known.lease &&
        key.value() == known.text) {
      co_return ok_status();
    }
  }
  must_list_ = other_data_ = true;
  co_return ok_status();
}

EtcdPrefix::Outcome EtcdPrefix::take(const etcdserverpb::WatchResponse& response) {
  if (response.compact_revision() != 0) {
    log(LogLevel::Info, "registry: the changes of " + client_.target().prefix + " from revision " +
                            std::to_string(revision_ + 1) + " on are compacted up to " +
                            std::to_string(response.compact_revision()) + ": listing again");
    must_list_ = true;
    return Outcome::ListAgain;
  }
  if (response.canceled()) {
    refusal_ = unavailable("it cancelled the watch: " + response.cancel_reason());
    return Outcome::Ended;
  }
  failures_ = 0;
  for (const mvccpb::Event& event : response.events()) apply(event);
  // A response in parts may break off between events of one revision. Where there are events, the
  // header may be ahead of them.
  if (!response.fragment()) {
    const std::int64_t told = response.events().empty()
                                  ? response.header().revision()
                                  : response.events().rbegin()->kv().mod_revision();
    revision_ = std::max(revision_, told);
  }
  return response.events().empty() ? Outcome::Nothing : Outcome::Changed;
}

void EtcdPrefix::apply(const mvccpb::Event& event) {
  const std::string& prefix = client_.target().prefix;
  if (!event.kv().key().starts_with(prefix)) return;
  const std::string key = event.kv().key().substr(prefix.size());
  if (event.type() == mvccpb::Event::DELETE) {
    keys_.erase(key);
  } else {
    keys_[key] = {.text = event.kv().value(),
                  .revision = event.kv().mod_revision(),
                  .lease = event.kv().lease()};
  }
}

}  // namespace weft::registry
