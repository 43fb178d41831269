#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "weft/base/function.h"

namespace weft::rpc {

/// Calls a function once, when each of several has said that it is idle; from any thread.
class AllIdle {
 public:
  AllIdle(std::size_t count, UniqueFunction<void()> idle) noexcept
      : left_(count), idle_(std::move(idle)) {}
  void one_is() {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) idle_();
  }

 private:
  std::atomic<std::size_t> left_;
  UniqueFunction<void()> idle_;
};

}  // namespace weft::rpc
