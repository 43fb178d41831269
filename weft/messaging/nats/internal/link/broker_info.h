#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/messaging/nats/internal/setup.h"

namespace weft::nats {

/// What a broker says of itself in INFO, as far as it matters here.
struct BrokerInfo {
  std::size_t max_payload = std::size_t{1} << 20;  ///< bytes of headers and payload
  bool headers = false;
  bool tls_required = false;
  bool tls_available = false;
  bool lame_duck = false;  ///< it will soon close its connections
};
/// INTERNAL with origin Transport where it is not that.
Result<BrokerInfo> parse_info(std::string_view json);

/// The line with which a client answers INFO: its credentials and what it understands.
std::string connect_line(const Setup& setup);

}  // namespace weft::nats
