#include "tools/weft/last_resort.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace weft::cli {

LastResort::LastResort(std::string what, Duration limit)
    : what_(std::move(what)), thread_([this, limit] { watch(limit); }) {}

LastResort::~LastResort() {
  {
    const std::lock_guard lock(mutex_);
    in_time_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void LastResort::watch(Duration limit) {
  std::unique_lock lock(mutex_);
  if (ended_.wait_for(lock, limit, [this] { return in_time_; })) return;
  std::fprintf(stderr, "weft: %s takes longer than %s, the limit; gave up\n", what_.c_str(),
               to_string(limit).c_str());
  // Nothing else can be waited for: other threads are what does not end.
  std::_Exit(kGaveUp);
}

}  // namespace weft::cli
