#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

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

/// A header and the value behind it, again and again: requests to a server, answers to a client.
class GobPairs {
 public:
  /// `max_size`: bytes of a message.
  explicit GobPairs(std::size_t max_size) noexcept : stream_(max_size) {}

  void push(std::string_view bytes) { stream_.push(bytes); }
  /// Value: `value` is the one behind header(), valid until the next call. Broken: error() says
  /// why.
  GobStream::Next next(GobStream::Value& value);
  GobHeader& header() noexcept { return header_; }
  const PeerTypes& types() const noexcept { return stream_.types(); }
  bool in_pair() const noexcept { return has_header_ || stream_.in_message(); }
  std::size_t held() const noexcept { return stream_.held(); }
  const Status& error() const noexcept { return error_; }
  /// Nothing more is read.
  void fail(Status why) { error_ = std::move(why); }

 private:
  GobStream stream_;
  bool has_header_ = false;
  GobHeader header_;
  Status error_;
};

void put_gob_request(const GobHeader& header, ValueWriter& writer, std::string& out);
void put_gob_response(const GobHeader& header, ValueWriter& writer, std::string& out);

/// What stands for the result of a response with an error, which no client looks at.
void put_gob_no_result(std::string& out);

}  // namespace weft::foreign
