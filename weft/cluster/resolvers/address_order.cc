#include "weft/cluster/resolvers/address_order.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace weft::cluster {

std::vector<net::Address> in_connecting_order(std::vector<net::Address> addresses) {
  std::vector<net::Address::Family> families;
  std::vector<std::vector<net::Address>> lists;  // one per family, in the families' order
  for (net::Address& address : addresses) {
    const auto family = std::find(families.begin(), families.end(), address.family());
    const auto index = static_cast<std::size_t>(family - families.begin());
    if (family == families.end()) {
      families.push_back(address.family());
      lists.emplace_back();
    }
    std::vector<net::Address>& list = lists[index];
    if (std::find(list.begin(), list.end(), address) == list.end()) {
      list.push_back(std::move(address));
    }
  }
  std::vector<net::Address> ordered;
  ordered.reserve(addresses.size());
  for (std::size_t turn = 0; turn < addresses.size(); ++turn) {
    for (std::vector<net::Address>& list : lists) {
      if (turn < list.size()) ordered.push_back(std::move(list[turn]));
    }
  }
  return ordered;
}

void shuffle(std::vector<net::Address>& addresses, Rng& rng) {
  // Fisher and Yates; std::shuffle gives other orders in other standard libraries for one seed.
  for (std::size_t left = addresses.size(); left > 1; --left) {
    std::swap(addresses[left - 1], addresses[static_cast<std::size_t>(rng.below(left))]);
  }
}

}  // namespace weft::cluster
