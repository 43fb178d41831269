#include "weft/net/socket/memory_stream.h"

#include <cerrno>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/net/socket/internal/memory_channel.h"
#include "weft/net/socket/internal/socket_error.h"

namespace weft::net {
namespace {

using internal::MemoryChannel;
using internal::MemoryStream;

/// A listener as those who connect see it. All but `loop` is for the listener's thread.
struct Entry {
  std::shared_ptr<LoopAnchor> loop;
  AcceptHandler handler;
  bool closed = false;
};

class Registry {
 public:
  static Registry& instance() {
    static Registry& registry = *new Registry();
    return registry;
  }
  bool add(const std::string& name, std::shared_ptr<Entry> entry) {
    const std::lock_guard lock(mutex_);
    return entries_.try_emplace(name, std::move(entry)).second;
  }
  void remove(const std::string& name) {
    const std::lock_guard lock(mutex_);
    entries_.erase(name);
  }
  std::shared_ptr<Entry> find(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : found->second;
  }

 private:
  ForkMutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

// Made before main(): a fork() while a first caller made it would leave a child to wait for that.
[[maybe_unused]] const Registry& made_early = Registry::instance();

class MemoryListener final : public Listener {
 public:
  MemoryListener(Address address, std::shared_ptr<Entry> entry)
      : address_(std::move(address)), entry_(std::move(entry)) {}
  ~MemoryListener() override { close(); }
  const Address& address() const noexcept override { return address_; }
  void close() noexcept override {
    if (std::exchange(entry_->closed, true)) return;
    Registry::instance().remove(address_.to_string());
  }

 private:
  Address address_;
  std::shared_ptr<Entry> entry_;
};

class AcceptedMemory final : public Accepted {
 public:
  AcceptedMemory(std::shared_ptr<MemoryChannel> channel, Address address)
      : channel_(std::move(channel)), address_(std::move(address)) {}
  ~AcceptedMemory() override {
    if (channel_ != nullptr) channel_->close(MemoryChannel::End::Second);
  }
  std::unique_ptr<Stream> bind_to(Loop& loop) override {
    return std::make_unique<MemoryStream>(std::move(channel_), MemoryChannel::End::Second, loop,
                                          address_, address_);
  }

 private:
  std::shared_ptr<MemoryChannel> channel_;
  Address address_;
};

}  // namespace

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> memory_pair(Loop& first, Loop& second,
                                                                        std::size_t capacity) {
  const auto channel = std::make_shared<MemoryChannel>(capacity);
  const Address a = Address::memory("first");
  const Address b = Address::memory("second");
  return {std::make_unique<MemoryStream>(channel, MemoryChannel::End::First, first, a, b),
          std::make_unique<MemoryStream>(channel, MemoryChannel::End::Second, second, b, a)};
}

[[gnu::cold]] Result<std::unique_ptr<Listener>> memory_listen(Loop& loop, const Address& address,
                                                              AcceptHandler handler) {
  auto entry = std::make_shared<Entry>();
  entry->loop = loop.anchor();
  entry->handler = std::move(handler);
  if (!Registry::instance().add(address.to_string(), entry)) {
    return internal::listen_error(address, EADDRINUSE);
  }
  return std::unique_ptr<Listener>(std::make_unique<MemoryListener>(address, std::move(entry)));
}

[[gnu::cold]] Result<std::unique_ptr<Stream>> memory_connect(Loop& loop, const Address& address) {
  const std::shared_ptr<Entry> entry = Registry::instance().find(address.to_string());
  if (entry == nullptr) return internal::connection_error(address, ECONNREFUSED);
  auto channel = std::make_shared<MemoryChannel>(kMemoryStreamCapacity);
  auto stream =
      std::make_unique<MemoryStream>(channel, MemoryChannel::End::First, loop, address, address);
  auto accepted = std::make_unique<AcceptedMemory>(std::move(channel), address);
  const bool posted = entry->loop->post([entry, accepted = std::move(accepted)]() mutable {
    // Dropped when the listener has closed meanwhile: the other side then reads the end.
    if (!entry->closed) entry->handler(std::move(accepted));
  });
  if (!posted) return internal::connection_error(address, ECONNREFUSED);
  return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace weft::net
