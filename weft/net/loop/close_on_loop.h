#pragma once

#include <memory>
#include <utility>

#include "weft/net/loop/loop.h"

namespace weft::net {

/// Calls `part->close()` on the thread of the loop that `part` belongs to: now, or by a post. For
/// the destructor of an object that any thread may destroy and that has a part on each loop; a part
/// closes itself when its loop ends (LoopEndHook).
///
/// In a child of fork() a part of a parent's loop is left as it is, and never freed: its
/// connections are the parent's, and closing them here would end them there.
template <class Part>
void close_on_loop(LoopAnchor& loop, std::shared_ptr<Part> part) {
  if (loop.is_parents()) {
    static_cast<void>(new std::shared_ptr<Part>(std::move(part)));
    return;
  }
  const Loop* const here = Loop::current();
  if (here != nullptr && here->anchor().get() == &loop) return part->close();
  static_cast<void>(loop.post([kept = std::move(part)] { kept->close(); }));
}

}  // namespace weft::net
