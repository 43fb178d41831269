#pragma once

#include <cstdint>

namespace weft::registry {

/// Makes the targets `weft://` and `etcd://` known to channels and to ServerOptions::announce. A
/// program that links weft::weft or weft::registry by CMake has that done before main(); others
/// call this. Once is enough, and more does no harm. From any thread.
void register_schemes();

/// How much of what registries named this process has refused to follow, by all channels: local
/// addresses of other machines, addresses that lead nowhere, weights above the limit
/// (docs/reference/registry.md). From any thread.
std::uint64_t refused_addresses() noexcept;

}  // namespace weft::registry
