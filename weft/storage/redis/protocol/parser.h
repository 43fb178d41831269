#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/status.h"
#include "weft/storage/redis/value.h"

namespace weft::redis {

/// What one reply may be. What is larger is refused by what it announces, before memory is taken.
struct ReplyLimits {
  std::size_t depth = 32;
  std::size_t elements = std::size_t{1} << 20;
  /// Of its texts, and its elements at 24 bytes each.
  std::size_t bytes = std::size_t{64} << 20;
};

/// Reads RESP2 and RESP3 (the specification of Redis' protocol, "RESP3 types"): bytes in, values
/// out, no I/O.
///
///     Head -> Head            a whole element, or an aggregate begins
///     Head -> Bulk -> BulkEnd -> Head
///
/// Attributes are read and dropped; replies do not mean something else without them. Streamed
/// aggregates and strings, which no server sends, are refused. A reply beyond the limits is passed
/// over in its whole length, so that those behind it are read; one that is nested too deeply, or
/// no RESP, breaks the connection.
class Parser {
 public:
  explicit Parser(const ReplyLimits& limits) : limits_(limits) {}

  enum class Progress : std::uint8_t {
    NeedMore,  ///< all bytes are read, and the reply has not ended
    Reply,     ///< take() has it
    TooLarge,  ///< error() says what; the next one can be read
    Broken,    ///< error() says what is wrong; nothing can be read any more
  };
  /// Reads up to the end of a reply, and takes what it has read off the front of `bytes`.
  Progress read(std::string_view& bytes);
  /// The reply. Of one that was too large null, or an empty push where it was a push.
  Value take();
  const Status& error() const noexcept { return error_; }
  /// Whether a reply has begun.
  bool is_in_reply() const noexcept {
    return !open_.empty() || state_ != State::Head || !line_.empty();
  }

  /// Longest line: the head of an element, a simple string or an error.
  static constexpr std::size_t kMostLine = std::size_t{64} << 10;
  /// Largest size that a text or aggregate may announce; beyond it no reply is meant.
  static constexpr std::int64_t kMostAnnounced = std::int64_t{1} << 32;

 private:
  enum class State : std::uint8_t { Head, Bulk, BulkEnd };
  struct Open {
    std::uint32_t node;  // its place among the nodes
    std::uint64_t left;  // elements that have not come
    std::size_t text;    // where its texts begin
    bool attribute;
  };

  std::optional<std::string_view> take_line(std::string_view& bytes);
  bool take_head(std::string_view line);
  bool take_bulk_head(char kind, std::string_view number);
  bool take_aggregate(char kind, std::string_view number);
  bool take_scalar(char kind, std::string_view content);
  bool take_bulk_end(std::string_view& bytes);
  void add_text(Type type, std::string_view text);
  void end_bulk();
  /// Makes room for what is announced, or passes over the rest of this reply.
  bool fits(std::uint64_t elements, std::uint64_t bytes);
  void end_element();
  void end_aggregate();
  Progress finish();
  bool fail(std::string_view what);
  bool fail_size(std::string_view what, std::string_view number);

  ReplyLimits limits_;
  State state_ = State::Head;
  bool done_ = false;       // the reply has ended
  bool is_push_ = false;    // the reply is
  bool too_large_ = false;  // nothing of this reply is kept any more
  char bulk_kind_ = 0;
  std::uint64_t bulk_left_ = 0;
  std::uint64_t announced_ = 0;  // elements that have not come
  std::uint8_t bulk_end_seen_ = 0;
  std::vector<Open> open_;
  std::vector<Node> nodes_;
  std::string text_;
  std::string line_;
  Status error_;
};

}  // namespace weft::redis
