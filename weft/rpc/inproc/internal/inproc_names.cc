#include "weft/rpc/inproc/internal/inproc_names.h"

#include <mutex>
#include <utility>

namespace weft::rpc {

InprocNames& inproc_names() {
  // Never destroyed: servers in static storage may end later.
  static auto* names = new InprocNames;
  return *names;
}

Status InprocNames::add(const std::shared_ptr<InprocServer>& server) {
  std::vector<Watch> told;
  {
    const std::lock_guard lock(mutex_);
    if (find_locked(server->name()) != nullptr) {
      return already_exists("inproc:" + server->name() +
                            " is the name of another server in this process");
    }
    servers_[server->name()] = server;
    if (const auto found = watches_.find(server->name()); found != watches_.end()) {
      told = std::move(found->second);
      watches_.erase(found);
    }
  }
  for (const Watch& watch : told) {
    watch.loop->post([watcher = watch.watcher] {
      if (const std::shared_ptr<InprocWatcher> there = watcher.lock()) there->on_name();
    });
  }
  return {};
}

void InprocNames::remove(const InprocServer& server) {
  const std::lock_guard lock(mutex_);
  const auto found = servers_.find(server.name());
  if (found != servers_.end() && found->second.lock().get() == &server) servers_.erase(found);
}

std::shared_ptr<InprocServer> InprocNames::find_locked(std::string_view name) {
  const auto found = servers_.find(name);
  if (found == servers_.end()) return nullptr;
  std::shared_ptr<InprocServer> server = found->second.lock();
  return server == nullptr || server->draining() || server->is_parents() ? nullptr : server;
}

std::shared_ptr<InprocServer> InprocNames::find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return find_locked(name);
}

std::shared_ptr<InprocServer> InprocNames::find_or_watch(std::string_view name,
                                                         const net::Loop& loop,
                                                         std::weak_ptr<InprocWatcher> watcher) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<InprocServer> server = find_locked(name);
  if (server != nullptr) return server;
  std::vector<Watch>& watches = watches_[std::string(name)];
  // Those of channels that are gone would add up.
  std::erase_if(watches, [](const Watch& watch) { return watch.watcher.expired(); });
  watches.push_back({loop.anchor(), std::move(watcher)});
  return nullptr;
}

}  // namespace weft::rpc
