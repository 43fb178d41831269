#include "weft/base/log/log_once.h"

#include <mutex>

namespace weft {

bool LogOnce::is_new(std::string_view key) {
  const std::lock_guard lock(mutex_.object);
  if (keys_ == nullptr) keys_ = new std::set<std::string, std::less<>>();
  return keys_->size() < kMost && keys_->emplace(key).second;
}

}  // namespace weft
