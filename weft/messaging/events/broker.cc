#include "weft/messaging/events/broker.h"

#include <map>
#include <mutex>
#include <utility>

#include "weft/base/text/printable.h"

namespace weft::messaging {
namespace {

class Brokers {
 public:
  void add(std::string scheme, BrokerFactory factory) {
    const std::lock_guard lock(mutex_);
    factories_[std::move(scheme)] = std::move(factory);
  }

  Result<std::shared_ptr<Broker>> open(const std::string& target) {
    const std::lock_guard lock(mutex_);
    std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
    if (const auto found = open_.find(target); found != open_.end()) {
      if (std::shared_ptr<Broker> broker = found->second.lock()) return broker;
    }
    const auto factory = factories_.find(target.substr(0, target.find(':')));
    if (factory == factories_.end()) return unknown(target);
    Result<std::shared_ptr<Broker>> made = factory->second(target);
    if (made.ok()) open_[target] = *made;
    return made;
  }

 private:
  Status unknown(const std::string& target) const {
    std::string known;
    for (const auto& entry : factories_) known += (known.empty() ? "" : ", ") + entry.first + ":";
    return invalid_argument("'" + printable(target.substr(0, 200)) +
                            "' names no broker that is linked; there " +
                            (known.empty() ? "is none" : "is " + known));
  }

  std::mutex mutex_;
  std::map<std::string, BrokerFactory> factories_;
  std::map<std::string, std::weak_ptr<Broker>> open_;
};

/// Lives as long as the program: components register before main().
Brokers& brokers() {
  static Brokers& all = *new Brokers;
  return all;
}

}  // namespace

void register_broker(std::string scheme, BrokerFactory factory) {
  brokers().add(std::move(scheme), std::move(factory));
}

Result<std::shared_ptr<Broker>> open_broker(const std::string& target) {
  return brokers().open(target);
}

}  // namespace weft::messaging
