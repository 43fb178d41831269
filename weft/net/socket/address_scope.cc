#include "weft/net/socket/address_scope.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "weft/net/loop/loop.h"

namespace weft::net {
namespace {

using Bytes4 = std::array<std::uint8_t, 4>;
using Bytes16 = std::array<std::uint8_t, 16>;

AddressScope scope_of_v4(const Bytes4& bytes) noexcept {
  if (bytes[0] == 127) return AddressScope::Machine;
  if (bytes[0] == 169 && bytes[1] == 254) return AddressScope::Link;
  // "This network", multicast, and what is reserved, the broadcast address included.
  if (bytes[0] == 0 || bytes[0] >= 224) return AddressScope::Nowhere;
  return AddressScope::Everywhere;
}

template <std::size_t N>
bool starts_with(const Bytes16& bytes, const std::array<std::uint8_t, N>& prefix) noexcept {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

Bytes4 four_at(const Bytes16& bytes, std::size_t place) noexcept {
  return {bytes[place], bytes[place + 1], bytes[place + 2], bytes[place + 3]};
}

AddressScope scope_of_v6(const Bytes16& bytes) noexcept {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<std::uint8_t, 12> kNat64{0, 0x64, 0xff, 0x9b};
  constexpr std::array<std::uint8_t, 12> kZero{};
  if (starts_with(bytes, kMapped) || starts_with(bytes, kNat64)) {
    return scope_of_v4(four_at(bytes, 12));
  }
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return scope_of_v4(four_at(bytes, 2));
  if (starts_with(bytes, kZero)) {
    // ::1; the unspecified address, and IPv4-compatible ones, which nobody uses any more.
    return four_at(bytes, 12) == Bytes4{0, 0, 0, 1} ? AddressScope::Machine : AddressScope::Nowhere;
  }
  if (bytes[0] == 0xff) return AddressScope::Nowhere;
  // fe80::/10, and fec0::/10, whose sites are as local as links.
  if (bytes[0] == 0xfe && (bytes[1] & 0x80) != 0) return AddressScope::Link;
  return AddressScope::Everywhere;
}

}  // namespace

AddressScope scope_of(const Address& address) noexcept {
  const bool v4 = address.family() == Address::Family::Ipv4;
  if (!v4 && address.family() != Address::Family::Ipv6) return AddressScope::Machine;
  std::array<char, INET6_ADDRSTRLEN> host{};
  const std::string& text = address.host();
  const std::size_t zone = std::min(text.find('%'), text.size());
  if (zone >= host.size()) return AddressScope::Nowhere;
  std::copy_n(text.begin(), zone, host.begin());
  if (v4) {
    Bytes4 bytes{};
    const bool read = inet_pton(AF_INET, host.data(), bytes.data()) == 1;
    return read ? scope_of_v4(bytes) : AddressScope::Nowhere;
  }
  Bytes16 bytes{};
  if (inet_pton(AF_INET6, host.data(), bytes.data()) != 1) return AddressScope::Nowhere;
  const AddressScope scope = scope_of_v6(bytes);
  // A zone names an interface of this machine.
  const bool has_zone = zone != text.size();
  return has_zone && scope == AddressScope::Everywhere ? AddressScope::Link : scope;
}

AddressScope scope_of(const Address& address, const Loop& loop) noexcept {
  if (address.family() == Address::Family::Memory && loop.is_simulated()) {
    return AddressScope::Everywhere;
  }
  return scope_of(address);
}

std::string_view description_of(AddressScope scope) noexcept {
  switch (scope) {
    case AddressScope::Everywhere:
      return "can be reached from other machines";
    case AddressScope::Link:
      return "is link-local";
    case AddressScope::Machine:
      return "is a machine's own";
    case AddressScope::Nowhere:
      return "cannot be connected to";
  }
  return "";
}

}  // namespace weft::net
