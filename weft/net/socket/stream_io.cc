#include "weft/net/socket/stream_io.h"

#include <utility>

#include "weft/net/loop/awaited.h"

namespace weft::net {

Task<Result<std::size_t>> StreamIo::read(std::span<char> into) {
  for (;;) {
    IoResult result = stream_.read(into);
    if (result.kind == IoResult::Kind::Done) co_return result.size;
    if (result.kind == IoResult::Kind::End) co_return std::size_t{0};
    if (result.kind == IoResult::Kind::Failed) co_return std::move(result.error);
    Wait wait(loop_);
    const Awaited awaited(reading_, wait);
    stream_.want_read();
    Status status = co_await wait;
    if (!status.ok()) co_return status;
  }
}

Task<Status> StreamIo::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const iovec slice{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    IoResult result = stream_.write({&slice, 1});
    if (result.kind == IoResult::Kind::Failed) co_return std::move(result.error);
    bytes.remove_prefix(result.size);
    if (result.kind != IoResult::Kind::WouldBlock) continue;
    Wait wait(loop_);
    const Awaited awaited(writing_, wait);
    stream_.want_write();
    Status status = co_await wait;
    if (!status.ok()) co_return status;
  }
  co_return Status();
}

}  // namespace weft::net
