#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/status.h"

namespace weft::nats {

/// What a broker may make a client hold.
struct ParserLimits {
  /// Bytes of a line: INFO with the addresses of a large cluster is the longest.
  std::size_t line = std::size_t{64} << 10;
  /// Bytes of headers and payload; what is larger is passed over (Operation::too_large).
  std::size_t message = std::size_t{8} << 20;
};

/// What a broker sends. The views are valid until the next Parser::read().
struct Operation {
  enum class Kind : std::uint8_t { Info, Message, Ping, Pong, Ok, Error };
  Kind kind = Kind::Ok;
  std::string_view text{};     ///< Info: JSON; Error: the message, without quotes
  std::string_view subject{};  ///< these and the following: of a Message
  std::uint64_t subscription = 0;
  std::string_view reply{};    ///< the subject for answers; empty: nobody waits for one
  std::string_view headers{};  ///< from "NATS/1.0" to the empty line; empty: none
  std::string_view payload{};  ///< lies directly behind the headers
  std::size_t size = 0;        ///< of headers and payload
  bool too_large = false;      ///< beyond ParserLimits::message: headers and payload are empty
};

/// Reads what a NATS broker sends (docs.nats.io, "NATS Client Protocol"), in pieces of any size:
///
///     INFO {json}
///     MSG subject sid [reply] bytes            followed by so many bytes and a line end
///     HMSG subject sid [reply] header-bytes bytes            the same, headers first
///     PING | PONG | +OK | -ERR 'text'
///
/// A line ends with CR LF. The memory it takes is bounded by what has arrived and by the limits,
/// not by what a line announces.
class Parser {
 public:
  enum class Progress : std::uint8_t {
    NeedMore,   ///< all bytes were taken
    Operation,  ///< operation() is there; bytes may be left
    Broken,     ///< error() says why; nothing more can be read
  };

  explicit Parser(const ParserLimits& limits = {}) noexcept : limits_(limits) {}

  /// Takes bytes from the front of `bytes`, which has to live as long as operation() is used.
  Progress read(std::string_view& bytes);
  const Operation& operation() const noexcept { return operation_; }
  /// INTERNAL with origin Transport.
  const Status& error() const noexcept { return error_; }
  /// Bytes of memory.
  std::size_t memory() const noexcept { return line_.capacity() + body_.capacity(); }

 private:
  enum class State : std::uint8_t { Line, LineDone, Body, Broken };

  Progress read_line(std::string_view& bytes);
  Progress take_line();
  bool take_message(std::string_view rest, bool with_headers);
  Progress read_body(std::string_view& bytes);
  Progress take_body(std::string_view body);
  Progress fail(std::string_view what);

  ParserLimits limits_;
  State state_ = State::Line;
  std::string line_;
  std::string body_;         // of a message that comes in several pieces
  std::size_t headers_ = 0;  // bytes of headers in the body
  std::size_t to_skip_ = 0;  // of a message that is too large
  Operation operation_;
  Status error_;
};

}  // namespace weft::nats
