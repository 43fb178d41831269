#include "weft/net/tls/internal/openssl_section.h"

#include "weft/base/fork_mutex.h"

namespace weft::net::internal {
namespace {

/// Of this thread alone, so that nobody but fork() ever waits for it.
struct Inside {
  ForkMutex mutex;
  unsigned depth = 0;
};
thread_local Inside inside;

}  // namespace

OpenSslSection::OpenSslSection() noexcept {
  if (inside.depth++ == 0) inside.mutex.lock();
}

OpenSslSection::~OpenSslSection() {
  if (--inside.depth == 0) inside.mutex.unlock();
}

}  // namespace weft::net::internal
