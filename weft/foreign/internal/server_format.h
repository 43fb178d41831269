#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/foreign/internal/methods.h"

namespace weft::foreign {

/// Answers that go out together when the last of them is there.
struct AnswerGroup {
  std::size_t due = 0;
  std::string answers;
};

/// A request that has come, for ServedConnection.
struct Request {
  std::string id;    ///< as the format needs it for the answer
  std::string name;  ///< of the method, as the peer says it
  const Method* method = nullptr;
  Bytes message;  ///< in protobuf's encoding
  Status status;  ///< not OK: it is not served but answered with this
  // For formats that have them:
  std::uint8_t form = 0;                 ///< of the answer
  int error_code = 0;                    ///< of `status`, where that alone does not say it
  std::shared_ptr<AnswerGroup> group{};  ///< that the answer belongs to
};

/// How requests and answers look on a connection; knows no sockets. Of one connection.
class ServerFormat {
 public:
  enum class Next : std::uint8_t { Request, NeedMore, Broken };

  virtual ~ServerFormat() = default;
  /// Appends what is said before anything is asked.
  virtual void begin(std::string& out) { static_cast<void>(out); }
  /// Bytes that have come.
  virtual void push(std::string_view bytes) = 0;
  /// The next complete request. After Broken nothing that comes is understood: see error().
  virtual Next next(Request& out) = 0;
  virtual const Status& error() const noexcept = 0;
  /// Appends what is said to a peer whose bytes are not understood, before the connection closes.
  virtual void say_broken(std::string& out) = 0;
  /// Appends the answer: an error, or `message` in protobuf's encoding.
  virtual void answer(const Request& request, const Status& status, std::string_view message,
                      std::string& out) = 0;
  /// A request has begun and is not complete.
  virtual bool in_request() const noexcept = 0;
  /// Bytes of memory that are kept.
  virtual std::size_t held() const noexcept = 0;
};

}  // namespace weft::foreign
