#include "weft/storage/postgres/connect/internal/cancel_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/net/loop/loop.h"
#include "weft/net/socket/stream_io.h"

namespace weft::postgres {
namespace {

// CancelRequest: Int32(16) length, Int32 code, Int32 process, Int32 secret, in network order.
constexpr std::int32_t kLength = 16;
constexpr std::int32_t kCode = 1234 << 16 | 5678;

void append_int32(std::int32_t value, std::string& out) {
  const auto bits = static_cast<std::uint32_t>(value);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(bits >> shift));
}

/// Takes a number off the front, with the space before it.
bool take_number(std::string_view& text, std::int32_t& into) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, into);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(stopped - text.data()));
  return true;
}

}  // namespace

std::optional<CancelKey> cancel_key_in(std::string_view trace) noexcept {
  constexpr std::string_view kMessage = "\tBackendKeyData\t";
  const std::size_t found = trace.find(kMessage);
  if (found == std::string_view::npos) return std::nullopt;
  trace.remove_prefix(found + kMessage.size());
  CancelKey key;
  if (!take_number(trace, key.process) || !take_number(trace, key.secret)) return std::nullopt;
  return key;
}

Task<Status> request_cancel(net::Address address, CancelKey key) {
  net::Loop& loop = *net::Loop::current();
  const Result<std::unique_ptr<net::Stream>> stream = co_await loop.connect(std::move(address));
  if (!stream.ok()) co_return stream.status();
  std::string request;
  for (const std::int32_t part : {kLength, kCode, key.process, key.secret}) {
    append_int32(part, request);
  }
  net::StreamIo io(loop, **stream);
  const Status sent = co_await io.write(request);
  if (!sent.ok()) co_return sent;
  // The server answers nothing and closes the connection once it has sent the signal.
  std::array<char, 16> nothing;
  const Result<std::size_t> end = co_await io.read(nothing);
  co_return end.status();
}

}  // namespace weft::postgres
