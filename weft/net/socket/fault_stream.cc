#include "weft/net/socket/fault_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "weft/net/socket/internal/socket_error.h"

namespace weft::net {

FaultStream::FaultStream(std::unique_ptr<Stream> inner, Loop& loop, std::uint64_t seed,
                         const FaultOptions& options)
    : inner_(std::move(inner)),
      loop_(loop),
      rng_(seed),
      options_(options),
      late_readable_(*this,
                     [](Timer& timer) noexcept {
                       FaultStream& self = static_cast<Late&>(timer).self;
                       if (self.handler_ != nullptr) self.handler_->on_readable();
                     }),
      late_writable_(*this, [](Timer& timer) noexcept {
        FaultStream& self = static_cast<Late&>(timer).self;
        if (self.handler_ != nullptr) self.handler_->on_writable();
      }) {
  inner_->set_handler(this);
}

FaultStream::~FaultStream() { inner_->set_handler(nullptr); }

IoResult FaultStream::read(std::span<char> into) noexcept {
  if (reset_) return reset_error();
  if (into.empty() || happens(options_.would_block)) return {};
  if (happens(options_.short_read)) into = into.first(1 + rng_.below(into.size()));
  return count(inner_->read(into));
}

IoResult FaultStream::write(std::span<const iovec> slices) noexcept {
  if (reset_) return reset_error();
  if (happens(options_.would_block)) return {};
  if (!happens(options_.short_write)) return count(inner_->write(slices));
  const auto filled = std::find_if(slices.begin(), slices.end(),
                                   [](const iovec& slice) { return slice.iov_len > 0; });
  if (filled == slices.end()) return {};
  const iovec part{.iov_base = filled->iov_base,
                   .iov_len = static_cast<std::size_t>(1 + rng_.below(filled->iov_len))};
  return count(inner_->write({&part, 1}));
}

IoResult FaultStream::count(IoResult result) {
  if (result.kind != IoResult::Kind::Done) return result;
  bytes_ += result.size;
  if (bytes_ <= options_.reset_after) return result;
  reset_ = true;
  inner_->close();
  return reset_error();
}

IoResult FaultStream::reset_error() const {
  return {.kind = IoResult::Kind::Failed,
          .size = 0,
          .error = internal::connection_error(peer_address(), ECONNRESET)};
}

void FaultStream::want_read() noexcept {
  if (reset_) {
    loop_.arm(late_readable_, loop_.now());
  } else if (!late_readable_.armed()) {
    inner_->want_read();
  }
}

void FaultStream::want_write() noexcept {
  if (reset_) {
    loop_.arm(late_writable_, loop_.now());
  } else if (!late_writable_.armed()) {
    inner_->want_write();
  }
}

void FaultStream::leave() noexcept {
  handler_ = nullptr;
  late_readable_.cancel();
  late_writable_.cancel();
}

void FaultStream::close() noexcept {
  leave();
  inner_->close();
}

void FaultStream::abort() noexcept {
  leave();
  inner_->abort();
}

bool FaultStream::postpone(Late& late) noexcept {
  if (options_.delay.count() <= 0) return false;
  const auto bound = static_cast<std::uint64_t>(options_.delay.count());
  loop_.arm(late, loop_.now() + Duration(static_cast<std::int64_t>(rng_.below(bound))));
  return true;
}

void FaultStream::on_readable() noexcept {
  if (!postpone(late_readable_) && handler_ != nullptr) handler_->on_readable();
}

void FaultStream::on_writable() noexcept {
  if (!postpone(late_writable_) && handler_ != nullptr) handler_->on_writable();
}

}  // namespace weft::net
