#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace weft::foreign {

/// Names of services for peers: "Arith" for "acme.v1.Calculator".
using ServiceNames = std::map<std::string, std::string, std::less<>>;

/// How fields of messages are named in JSON that is sent. Both names are read, in any case.
enum class FieldNames : std::uint8_t {
  Json,      ///< the JSON name: `unitPrice`, or what json_name says
  Declared,  ///< as in the .proto file: `unit_price`
};

}  // namespace weft::foreign
