#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weft/http1/client/client_options.h"
#include "weft/http1/client/response.h"
#include "weft/http1/message/chunk_decoder.h"
#include "weft/http1/message/head.h"
#include "weft/http1/message/head_scanner.h"

namespace weft::http1 {

/// The response to one request, from the bytes of a connection as they come. No I/O, holds no bytes
/// but those of the head and the trailers.
///
///     Head ──1xx──▶ Head        (max_interim times)
///       └──▶ Body ──▶ End
class ResponseParser {
 public:
  enum class Outcome : std::uint8_t { NeedMore, Interim, Head, Content, End, Refused };
  /// What was made of the front of the bytes: `skip` of them, then `content` of the body, are done
  /// with.
  struct Step {
    Outcome outcome = Outcome::NeedMore;
    std::size_t skip = 0;
    std::size_t content = 0;
  };

  ResponseParser(const ClientOptions& options, std::string method);
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  /// `bytes`: all that were received and are not done with. NeedMore: come again with more.
  Step next(std::string_view bytes);
  /// The connection has ended behind `bytes`: End where that ends the body.
  Outcome end_of_stream(std::string_view bytes);

  // After Head.
  int status() const noexcept { return head_.status; }
  /// Copies the status, the reason and the fields.
  void take_head(ResponseInfo& into) const;
  /// The body's length, where the head tells it.
  std::optional<std::uint64_t> length() const noexcept;
  bool has_head() const noexcept { return state_ != State::Head; }
  /// The end of the connection is the end of the body.
  bool ends_with_connection() const noexcept { return state_ == State::Close; }
  bool at_end() const noexcept { return state_ == State::End; }
  /// At the End: another request may follow on the connection.
  bool keeps_connection() const noexcept;
  Fields trailers() const;
  /// After Refused: what was wrong.
  const std::string& why() const noexcept { return why_; }
  /// What was due when the bytes ran out: for messages.
  std::string_view expected() const noexcept;

 private:
  enum class State : std::uint8_t { Head, Length, Chunks, Close, End };
  Step refuse(std::string why);
  Step next_head(std::string_view bytes);
  Step next_interim(std::size_t size);
  Step next_chunk(std::string_view bytes);

  const std::string method_;
  const HeadLimits head_limits_;
  const ChunkLimits chunk_limits_;
  const unsigned max_interim_;
  unsigned interim_ = 0;
  State state_ = State::Head;
  HeadScanner scanner_{head_limits_, HeadScanner::Of::Response};
  ResponseHead head_;
  ChunkDecoder chunks_{chunk_limits_};
  std::uint64_t left_ = 0;
  std::string why_;
};

}  // namespace weft::http1
