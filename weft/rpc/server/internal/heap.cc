#include "weft/rpc/server/internal/heap.h"

#include <atomic>

#include <malloc.h>

#include "weft/base/catch_all.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/offload.h"
#include "weft/rpc/call/message/slow_parse.h"

namespace weft::rpc {

#if defined(__GLIBC__)

void keep_large_blocks() noexcept {
  // As large as glibc allows: half of an arena's heap.
  constexpr int kMappedFrom = 32 * 1024 * 1024;
  static constinit std::atomic<bool> done{false};
  if (done.exchange(true, std::memory_order_relaxed)) return;
  ::mallopt(M_MMAP_THRESHOLD, kMappedFrom);
  ::mallopt(M_TRIM_THRESHOLD, 2 * kMappedFrom);
}

void give_back_free_memory(net::Loop& loop) noexcept {
  // By a thread that a loop starts: those for slow messages, and what they start, give way to
  // anybody, and this holds locks that loops wait for.
  const auto trim = [] {
    catch_all([] { net::default_blocking_pool().run([] { ::malloc_trim(0); }); }, [] {});
  };
  catch_all([&] { run_after_destroying([anchor = loop.anchor(), trim] { anchor->post(trim); }); },
            [] {});
}

#else

void keep_large_blocks() noexcept {}
void give_back_free_memory(net::Loop&) noexcept {}

#endif

}  // namespace weft::rpc
