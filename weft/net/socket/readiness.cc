#include "weft/net/socket/readiness.h"

#include <fcntl.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/internal/descriptor.h"

namespace weft::net {

struct Readiness::Watched {
  internal::DescriptorRef descriptor;
};

Readiness::Readiness(Loop& loop, int fd, StreamHandler& handler)
    : watched_(std::make_unique<Watched>()) {
  // Every loop that is not simulated is one.
  auto& asio_loop = static_cast<AsioLoop&>(loop);
  watched_->descriptor = internal::Descriptor::adopt(asio_loop, ::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  watched_->descriptor->set_handler(&handler);
}

Readiness::~Readiness() { watched_->descriptor->close(); }

bool Readiness::watches() const noexcept { return watched_->descriptor->fd() >= 0; }

void Readiness::want_read() noexcept { watched_->descriptor->want_read(); }

void Readiness::drained() noexcept { watched_->descriptor->drained(); }

void Readiness::want_write() noexcept { watched_->descriptor->want_write(); }

}  // namespace weft::net
