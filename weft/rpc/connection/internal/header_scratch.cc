#include "weft/rpc/connection/internal/header_scratch.h"

namespace weft::rpc {

HeaderScratch::Buffers& HeaderScratch::take() {
  thread_local Buffers of_thread;
  Buffers& buffers = of_thread.lent ? *new Buffers : of_thread;
  buffers.on_heap = &buffers != &of_thread;
  buffers.lent = true;
  buffers.fields.clear();
  buffers.text.clear();
  return buffers;
}

}  // namespace weft::rpc
