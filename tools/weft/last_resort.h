#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "weft/base/time.h"

namespace weft::cli {

/// Ends the process with a message on standard error and kGaveUp when it lives longer than its
/// limit. For work that nothing else can end: it keeps the loop busy, so that neither a timer nor a
/// signal reaches it, and how long it takes is up to a server. What can be bounded by its size is
/// bounded by that; this is for what was overlooked.
class LastResort {
 public:
  /// `what`: "building the server's types".
  LastResort(std::string what, Duration limit);
  LastResort(const LastResort&) = delete;
  LastResort& operator=(const LastResort&) = delete;
  ~LastResort();

 private:
  void watch(Duration limit);

  const std::string what_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool in_time_ = false;
  std::thread thread_;
};

/// The exit status then: that of DEADLINE_EXCEEDED.
inline constexpr int kGaveUp = 68;

}  // namespace weft::cli
