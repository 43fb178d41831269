// What users type as targets and addresses: whatever it is, a value or INVALID_ARGUMENT.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "weft/net/socket/address.h"

namespace {

void check(const weft::Status& status) {
  if (!status.ok() && status.code() != weft::StatusCode::InvalidArgument) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(HostPort::parse(text).status());
  check(HostPort::parse(text, 443).status());
  const weft::Result<Target> target = Target::parse(text);
  check(target.status());
  // What was accepted has its addresses, and an address is read again as itself.
  if (!target) return 0;
  const auto literals = target->literals();
  if (!literals) std::abort();
  for (const Address& address : *literals) {
    if (address.family() != Address::Family::Ipv4 && address.family() != Address::Family::Ipv6) {
      continue;
    }
    const auto split = HostPort::parse(address.to_string());
    if (!split || Address::ip(split->host, split->port).value() != address) std::abort();
  }
  return 0;
}
