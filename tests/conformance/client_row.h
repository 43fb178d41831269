#pragma once

#include <functional>
#include <string>
#include <vector>

#include "weft/base/status.h"
#include "weft/testing/scripted_peer.h"

#include "tests/conformance/bytes.h"

namespace weft::conformance {

/// What is to come of a server's bytes.
struct ClientOutcome {
  enum class Kind : std::uint8_t {
    ConnectionError,  ///< the client sends GOAWAY with the code and closes; the call fails
    StreamError,      ///< the client sends RST_STREAM with the code; the call fails with INTERNAL
    Served,           ///< the call ends with OK
    ServedAtLast,     ///< as Served, and the connection takes no more calls
    Fails,            ///< the call ends with the status, and no rule of HTTP/2 was broken
    Repeated,         ///< the call is sent again, on another stream or connection
    Pending,          ///< the call goes on
  };
  // A constructor: GCC 12 mistakes the rest of an aggregate in a long list for uninitialised.
  explicit ClientOutcome(Kind what) : kind(what) {}
  ClientOutcome(Kind what, ErrorCode with, StatusCode end = StatusCode::Ok)
      : kind(what), code(with), status(end) {}
  Kind kind;
  ErrorCode code = ErrorCode::NoError;
  StatusCode status = StatusCode::Ok;
  /// What else has to hold.
  std::function<void(testing::ScriptedPeer&)> check = {};
};

/// One sentence of an RFC, and a server's bytes that show whether the client keeps it. The client
/// has a unary call on stream 1, its request sent and ended.
struct ClientRow {
  const char* section;
  const char* name;
  const char* sentence;
  std::string bytes;
  ClientOutcome outcome;
  /// What the server sends first.
  std::string greeting = settings();
};

/// As add_tests(): "Rfc9113/Client.8_1_...".
int add_client_tests(const char* suite, std::vector<ClientRow> rows);

}  // namespace weft::conformance
