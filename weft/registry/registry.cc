#include "weft/registry/registry.h"

#include "weft/cluster/resolvers/announcer.h"
#include "weft/cluster/resolvers/resolver.h"
#include "weft/registry/etcd/internal/etcd_schemes.h"
#include "weft/registry/weft_announcer.h"
#include "weft/registry/weft_resolver.h"

namespace weft::registry {

void register_schemes() {
  cluster::register_resolver("weft", &make_weft_resolver);
  cluster::register_announcer("weft", &make_weft_announcer);
  cluster::register_resolver("etcd", &etcd_resolver);
  cluster::register_announcer("etcd", &etcd_announcer);
}

namespace {

[[maybe_unused]] const bool kRegistered = (register_schemes(), true);

}  // namespace
}  // namespace weft::registry

extern "C" {
/// What the linker is told to look for (weft/registry/CMakeLists.txt), so that this file is part of
/// every program that is linked with the library.
extern const char weft_registry_schemes;
const char weft_registry_schemes = 0;
}
