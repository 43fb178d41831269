#include "weft/messaging/log/log_broker.h"

#include <utility>
#include <vector>

#include "weft/messaging/log/internal/event_body.h"
#include "weft/messaging/log/internal/log_store.h"
#include "weft/messaging/log/internal/log_subscription.h"
#include "weft/messaging/log/internal/segment.h"
#include "weft/messaging/log/internal/writer.h"

namespace weft::messaging {
namespace {

constexpr std::string_view kScheme = "log:";

Status too_large(std::size_t size) {
  return invalid_argument("event log: an event of " + std::to_string(size) +
                          " bytes is larger than the limit of " +
                          std::to_string(stored::kMostBody));
}

class LogBroker final : public Broker {
 public:
  LogBroker(std::string folder, Duration commit_interval, std::unique_ptr<stored::LogStore> store)
      : folder_(std::move(folder)),
        commit_interval_(commit_interval),
        writer_(std::make_shared<stored::Writer>(std::move(store))) {}

  std::string name() const override { return std::string(kScheme) + folder_; }

  Task<Status> publish(std::string_view topic, std::span<const CloudEvent> events) override {
    Status valid = validate_name("topic", topic);
    if (!valid.ok()) return valid;
    std::vector<std::string> bodies;
    bodies.reserve(events.size());
    for (const CloudEvent& event : events) {
      bodies.push_back(stored::encode_event(event));
      if (bodies.back().size() > stored::kMostBody) return too_large(bodies.back().size());
    }
    return writer_->append(std::string(topic), std::move(bodies));
  }

  Task<Result<std::unique_ptr<Subscription>>> subscribe(SubscriptionOptions options) override {
    const auto place = std::make_shared<Place>();
    Status found = co_await writer_->run(finding(place, std::move(options)));
    if (!found.ok()) co_return found;
    place->taken = true;
    co_return std::unique_ptr<Subscription>(std::make_unique<stored::LogSubscription>(
        *net::Loop::current(), writer_, place->topic, place->group, commit_interval_));
  }

 private:
  /// What subscribe() waits for; given up where it was cancelled meanwhile.
  struct Place {
    ~Place() {
      if (group != nullptr && !taken) group->is_open = false;
    }
    std::shared_ptr<stored::LogTopic> topic;
    std::shared_ptr<stored::LogGroup> group;
    bool taken = false;
  };
  static UniqueFunction<Status(stored::LogStore&)> finding(std::shared_ptr<Place> place,
                                                           SubscriptionOptions options) {
    return [place = std::move(place),
            options = std::move(options)](stored::LogStore& store) -> Status {
      Result<std::shared_ptr<stored::LogTopic>> topic = store.topic(options.topic);
      if (!topic.ok()) return std::move(topic).status();
      Result<std::shared_ptr<stored::LogGroup>> group =
          store.group(**topic, options.group, options.start);
      if (!group.ok()) return std::move(group).status();
      if ((*group)->is_open.exchange(true)) {
        return failed_precondition("group " + options.group + " has a subscriber to " +
                                   options.topic + " already, in this program");
      }
      place->topic = *std::move(topic);
      place->group = *std::move(group);
      return store.begin_session(*place->topic, *place->group);
    };
  }

  const std::string folder_;
  const Duration commit_interval_;
  const std::shared_ptr<stored::Writer> writer_;
};

Result<std::shared_ptr<Broker>> open_target(const std::string& target) {
  LogOptions options;
  options.folder = target.substr(kScheme.size());
  return open_log(std::move(options));
}

[[maybe_unused]] const bool kRegistered = (register_broker("log", &open_target), true);

}  // namespace

Result<std::shared_ptr<Broker>> open_log(LogOptions options) {
  if (options.folder.empty() || options.commit_interval < Duration::zero()) {
    return invalid_argument(options.folder.empty()
                                ? "an event log needs a folder: log:/var/lib/shop"
                                : "LogOptions::commit_interval must not be negative");
  }
  const std::string folder = options.folder;
  const Duration commit_interval = options.commit_interval;
  Result<std::unique_ptr<stored::LogStore>> store = stored::LogStore::open(std::move(options));
  if (!store.ok()) return store.status().with_prefix("event log");
  return std::shared_ptr<Broker>(
      std::make_shared<LogBroker>(folder, commit_interval, *std::move(store)));
}

}  // namespace weft::messaging

extern "C" {
/// What the linker is told to look for (weft/messaging/log/CMakeLists.txt), so that this file is
/// part of every program that is linked with the library.
extern const char weft_messaging_log_scheme;
const char weft_messaging_log_scheme = 0;
}
