#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/foreign/internal/methods.h"

namespace weft::foreign {

/// An answer that has come, for ClientLink.
struct Answer {
  std::uint64_t id = 0;
  Status status;
  Bytes message;  ///< in protobuf's encoding
};

/// Who knows the types of the calls that wait.
class PendingTypes {
 public:
  /// Null where no call of this id waits any more.
  virtual const MessageTypes* types_of(std::uint64_t id) const noexcept = 0;

 protected:
  ~PendingTypes() = default;
};

/// How calls look on a connection to a foreign server; knows no sockets. Of one connection. Its ids
/// are those of ClientLink: each once.
class ClientFormat {
 public:
  enum class Next : std::uint8_t { Answer, NeedMore, Broken };

  virtual ~ClientFormat() = default;
  /// Appends a call of the method that the peer calls `name`. Not OK where the message has no form
  /// there; what `out` has got then is to be sent all the same.
  virtual Status call(std::uint64_t id, std::string_view name, const MessageTypes& types,
                      std::string_view message, std::string& out) = 0;
  virtual void push(std::string_view bytes) = 0;
  /// The next complete answer; one to a call that does not wait any more has no content. After
  /// Broken nothing that comes is understood: see error().
  virtual Next next(const PendingTypes& pending, Answer& out) = 0;
  virtual const Status& error() const noexcept = 0;
};

}  // namespace weft::foreign
