#pragma once

#include <cstdint>

namespace weft::net {

class Loop;

/// 64 bits that cannot be guessed, also from earlier ones: from the system's generator. In a
/// simulation from the host's seed, so that runs repeat. For what gives a right to whoever knows
/// it; Loop::rng() is for all else, and its outputs tell its state.
std::uint64_t secret(Loop& loop);

}  // namespace weft::net
