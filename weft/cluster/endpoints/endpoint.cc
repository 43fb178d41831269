#include "weft/cluster/endpoints/endpoint.h"

namespace weft::cluster {

std::string to_string(const Endpoint& endpoint) {
  if (endpoint.addresses.empty()) return "(no address)";
  std::string text = endpoint.addresses.front().to_string();
  const std::size_t more = endpoint.addresses.size() - 1;
  if (more != 0) text.append(" (and ").append(std::to_string(more)).append(" more)");
  return text;
}

}  // namespace weft::cluster
