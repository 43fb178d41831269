#include "tests/simulation/part.h"

#include <algorithm>
#include <cstring>

#include "weft/base/rng.h"

namespace weft::simulation {
namespace {

constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15ULL;

}  // namespace

std::string payload_of(std::uint64_t call, std::uint32_t index, std::uint32_t size) {
  Rng rng(call * kMix + index);
  std::string bytes(size, static_cast<char>('a' + index % 26));
  for (std::size_t at = 0; at < size; at += 2 * sizeof(std::uint64_t)) {
    const std::uint64_t word = rng();
    std::memcpy(bytes.data() + at, &word, std::min<std::size_t>(sizeof(word), size - at));
  }
  return bytes;
}

Part make_part(std::uint64_t call, std::uint32_t index, std::uint32_t size) {
  Part part;
  part.set_call(call);
  part.set_index(index);
  part.set_payload(payload_of(call, index, size));
  return part;
}

std::string PartCounter::take(const Part& part) {
  const std::uint32_t expected = count_++;
  if (part.call() != call_) return "got a message of call " + std::to_string(part.call());
  if (part.index() != expected) {
    return "got message " + std::to_string(part.index()) + " in the place of " +
           std::to_string(expected);
  }
  const auto size = static_cast<std::uint32_t>(part.payload().size());
  if (part.payload() != payload_of(call_, expected, size)) {
    return "got message " + std::to_string(expected) + " with other bytes than were sent";
  }
  digest_ = (digest_ ^ size) * kMix + expected;
  return {};
}

}  // namespace weft::simulation
