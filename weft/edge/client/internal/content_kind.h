#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weft/base/status.h"

namespace weft::edge {

/// An error's JSON or text has room for so much, beside metadata.
inline constexpr std::size_t kMostOfAnError = std::size_t{64} * 1024;

/// What a content of an answer is: for its limit of size, and for errors.
struct ContentKind {
  std::string_view name;
  std::size_t most;        ///< bytes of it, as it comes and decompressed
  std::string_view limit;  ///< what sets `most`
};

constexpr ContentKind message_kind(std::size_t max_receive_size) noexcept {
  return {.name = "a message", .most = max_receive_size, .limit = "max_receive_size"};
}
/// An error and trailers: their room does not depend on that of messages.
constexpr ContentKind end_kind(std::size_t max_metadata_size) noexcept {
  static_assert(kMostOfAnError == 65536);
  return {.name = "the stream's end",
          .most = max_metadata_size + kMostOfAnError,
          .limit = "max_metadata_size and 65536 for an error"};
}

/// RESOURCE_EXHAUSTED, naming what it is, its size and the limit.
Status too_large(const ContentKind& kind, std::uint64_t size);

}  // namespace weft::edge
