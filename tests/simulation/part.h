#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/rpc/call/metadata.h"

#include "work.pb.h"

namespace weft::simulation {

/// Bytes that follow from whose they are and where they stand: half of them compress well.
std::string payload_of(std::uint64_t call, std::uint32_t index, std::uint32_t size);

Part make_part(std::uint64_t call, std::uint32_t index, std::uint32_t size);

/// Follows the messages of one direction of one call.
class PartCounter {
 public:
  explicit PartCounter(std::uint64_t call) noexcept : call_(call) {}
  /// What is wrong with the next message; empty where nothing is.
  std::string take(const Part& part);
  std::uint32_t count() const noexcept { return count_; }
  /// Of all that came so far.
  std::uint64_t digest() const noexcept { return digest_; }

 private:
  std::uint64_t call_;
  std::uint32_t count_ = 0;
  std::uint64_t digest_ = 0;
};

}  // namespace weft::simulation
