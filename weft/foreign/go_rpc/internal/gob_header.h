#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/foreign/gob/gob_stream.h"
#include "weft/foreign/gob/value_writer.h"

namespace weft::foreign {

/// What stands before a parameter or a result: rpc.Request and rpc.Response of Go (server.go).
struct GobHeader {
  std::string method;  ///< "Arith.Multiply"
  std::uint64_t sequence = 0;
  std::string error;  ///< of a response
};

/// INVALID_ARGUMENT where the value is no such struct.
Status read_gob_header(const PeerTypes& types, const GobStream::Value& value, GobHeader& out);

void put_gob_request(const GobHeader& header, ValueWriter& writer, std::string& out);
void put_gob_response(const GobHeader& header, ValueWriter& writer, std::string& out);

/// What stands for the result of a response with an error, which no client looks at.
void put_gob_no_result(std::string& out);

}  // namespace weft::foreign
