#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/result.h"

namespace weft::edge {

enum class ClientProtocol : std::uint8_t { Connect, GrpcWeb };

/// What a channel's target says: "connect+http://host:port/prefix".
struct Destination {
  ClientProtocol protocol = ClientProtocol::Connect;
  bool https = false;
  std::string url;     ///< of the server, a method's path follows: "http://host:port/prefix"
  std::string server;  ///< "host:port", to connect to
  std::string host;    ///< of the URL
};

/// `authority`, if it is not empty, takes the place of host and port in the URL.
/// INVALID_ARGUMENT naming what is wrong with the target.
Result<Destination> read_destination(std::string_view target, std::string_view authority);

}  // namespace weft::edge
