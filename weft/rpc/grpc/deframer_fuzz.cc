#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "weft/rpc/grpc/deframer.h"

namespace {

constexpr std::size_t kLimit = 4096;

struct Outcome {
  std::vector<std::string> messages;
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

Outcome deframe(std::string_view input, std::size_t step) {
  weft::rpc::Deframer deframer(kLimit);
  Outcome outcome;
  for (std::size_t at = 0; at < input.size() && !outcome.failed; at += step) {
    outcome.failed = !deframer.push(weft::Bytes::copy_of(input.substr(at, step))).ok();
    if (deframer.at_boundary() != (deframer.partial_bytes() == 0)) std::abort();
    weft::rpc::Deframer::Item item;
    while (deframer.pop(item)) {
      if (item.size() > kLimit) std::abort();
      outcome.messages.push_back(item.joined().to_string());
    }
  }
  return outcome;
}

}  // namespace

// First byte: the length of the slices. However a stream is sliced, the same messages come out of
// it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t step = std::max<std::size_t>(data[0], 1);
  if (!(deframe(input, input.size() + 1) == deframe(input, step))) std::abort();
  return 0;
}
