#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/rpc/server.h"

#include "tests/conformance/bytes.h"
#include "tests/conformance/raw_connection.h"

namespace weft::conformance {

/// What a row's client does next.
struct Step {
  Step(std::string what) : bytes(std::move(what)) {}  // NOLINT: reads as a script
  Step(const char* what) : bytes(what) {}             // NOLINT
  Step(std::function<void(RawConnection&)> what) : run(std::move(what)) {}  // NOLINT
  std::string bytes;
  std::function<void(RawConnection&)> run;
};
using Script = std::vector<Step>;

/// Waits until the server has ended the stream.
Step end_of(std::uint32_t stream_id);
/// Waits until the server has handled what was sent so far.
Step settled();

/// What is to come of a script.
struct Outcome {
  enum class Kind : std::uint8_t {
    ConnectionError,  ///< GOAWAY with one of the codes, then the connection closes
    StreamError,      ///< RST_STREAM with the code; the connection goes on
    Served,           ///< the call on the stream ends with OK
    Http,             ///< the request is answered with this HTTP status
    GrpcStatus,       ///< the call ends with this status; the connection goes on
    Accepted,         ///< nothing is reset, and the connection goes on
  };
  Kind kind;
  std::uint32_t stream_id = 1;
  std::vector<ErrorCode> codes = {};
  std::string status = {};
  /// What else has to hold when the above does.
  std::function<void(RawConnection&)> check = {};
};
Outcome connection_error(ErrorCode code);
Outcome connection_error(std::vector<ErrorCode> codes);
Outcome stream_error(std::uint32_t stream_id, ErrorCode code);
Outcome served(std::uint32_t stream_id = 1);
Outcome http(std::uint32_t stream_id, std::string_view status);
Outcome grpc_status(std::uint32_t stream_id, std::string_view status);
Outcome accepted();
Outcome operator&&(Outcome outcome, std::function<void(RawConnection&)> check);

/// One sentence of an RFC, and bytes that show whether the server keeps it.
struct Row {
  /// "6_5_2": the section, as test names have it.
  const char* section;
  /// What the bytes do and what comes of it.
  const char* name;
  /// The sentence, or what follows from it.
  const char* sentence;
  Script script;
  Outcome outcome;
  /// Raw: the script begins with the connection, so it sends the preface itself.
  enum class Start : std::uint8_t { AfterHandshake, Raw } start = Start::AfterHandshake;
  /// Narrow: two streams, windows of 1000 bytes for a stream and 65535 for the connection.
  enum class Limits : std::uint8_t { Default, Narrow } limits = Limits::Default;
};

inline constexpr auto kRaw = Row::Start::Raw;
inline constexpr auto kAfterHandshake = Row::Start::AfterHandshake;
inline constexpr auto kNarrow = Row::Limits::Narrow;

/// Registers a test "suite.section_name" for each row: "Rfc9113/Section.6_5_2_...". From a static
/// initialiser.
int add_tests(const char* suite, std::vector<Row> rows);

/// A server like the one of the rows, on a port of its own.
std::unique_ptr<Server> make_server(Row::Limits limits);
/// Sends the client's preface and acknowledges the server's SETTINGS.
void shake_hands(RawConnection& connection);

}  // namespace weft::conformance
