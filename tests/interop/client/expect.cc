#include "tests/interop/client/expect.h"

#include <utility>

namespace weft::interop {
namespace {

Status differs(std::string_view what, const std::string& expected, const std::string& actual) {
  return failed_precondition(
      std::string(what).append(": expected ").append(expected).append(", got ").append(actual));
}

/// Printable, so that white space and control characters show.
std::string quoted(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string result = "'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      result += c;
    } else {
      result.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    }
  }
  return result + "'";
}

}  // namespace

void fill(grpc::testing::Payload& payload, int size) {
  payload.mutable_body()->assign(static_cast<std::size_t>(size), '\0');
}

Status expect_equal(std::string_view what, long expected, long actual) {
  if (expected == actual) return {};
  return differs(what, std::to_string(expected), std::to_string(actual));
}

Status expect_text(std::string_view what, std::string_view expected, std::string_view actual) {
  if (expected == actual) return {};
  return differs(what, quoted(expected), quoted(actual));
}

Status expect_zeros(std::string_view what, int size, const grpc::testing::Payload& payload) {
  const std::string& body = payload.body();
  if (body.size() != static_cast<std::size_t>(size)) {
    return differs(what, std::to_string(size) + " bytes of payload", std::to_string(body.size()));
  }
  // At once, not byte by byte: many a test does little else.
  if (body == std::string(body.size(), '\0')) return {};
  return differs(what, "zeros only",
                 "another byte at " + std::to_string(body.find_first_not_of('\0')));
}

Status expect_code(std::string_view what, StatusCode code, const Status& status) {
  if (status.code() == code) return {};
  return differs(what, std::string(name_of(code)), status.to_string());
}

}  // namespace weft::interop
