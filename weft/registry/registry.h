#pragma once

namespace weft::registry {

/// Makes the targets `weft://` and `etcd://` known to channels and to ServerOptions::announce. A
/// program that links weft::weft or weft::registry by CMake has that done before main(); others
/// call this. Once is enough, and more does no harm. From any thread.
void register_schemes();

}  // namespace weft::registry
