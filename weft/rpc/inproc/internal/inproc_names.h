#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/fork_mutex.h"
#include "weft/base/status.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/inproc/internal/inproc_server.h"

namespace weft::rpc {

/// Who wants to know when a name is there. On its loop.
class InprocWatcher {
 public:
  virtual void on_name() noexcept = 0;

 protected:
  ~InprocWatcher() = default;
};

/// The servers of this process that have names. From any thread.
class InprocNames {
 public:
  /// ALREADY_EXISTS where another server has the name.
  Status add(const std::shared_ptr<InprocServer>& server);
  void remove(const InprocServer& server);
  /// Null where nobody has the name.
  std::shared_ptr<InprocServer> find(std::string_view name);
  /// As find(); where nobody has it, `watcher` is told once when somebody does.
  std::shared_ptr<InprocServer> find_or_watch(std::string_view name, const net::Loop& loop,
                                              std::weak_ptr<InprocWatcher> watcher);

 private:
  struct Watch {
    std::shared_ptr<net::LoopAnchor> loop;
    std::weak_ptr<InprocWatcher> watcher;
  };
  std::shared_ptr<InprocServer> find_locked(std::string_view name);

  ForkMutex mutex_;
  std::map<std::string, std::weak_ptr<InprocServer>, std::less<>> servers_;
  std::map<std::string, std::vector<Watch>, std::less<>> watches_;
};

/// Of this process.
InprocNames& inproc_names();

}  // namespace weft::rpc
