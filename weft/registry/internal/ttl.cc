#include "weft/registry/internal/ttl.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>

namespace weft::registry {
namespace {

Result<Duration> parse(const std::string& text) {
  const Status unreadable =
      invalid_argument("ttl '" + text + "' is not a time from 1ms to 1000h like 500ms, 10s or 2m");
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const std::uint64_t factor = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : 0;
  constexpr std::uint64_t kMost = 3'600'000'000;
  if (error != std::errc{} || number == 0 || number > kMost) return unreadable;
  if (factor == 0 || number * factor > kMost) return unreadable;
  return std::chrono::milliseconds(number * factor);
}

}  // namespace

Result<Duration> ttl_of(const cluster::TargetParts& target, Duration otherwise) {
  Result<Duration> ttl = otherwise;
  for (const auto& [name, value] : target.query) {
    if (name != "ttl") {
      return invalid_argument("'" + target.text + "': '" + name +
                              "' means nothing here (there is: ttl)");
    }
    ttl = parse(value);
    if (!ttl.ok()) return ttl.status().with_prefix("'" + target.text + "'");
  }
  return ttl;
}

}  // namespace weft::registry
