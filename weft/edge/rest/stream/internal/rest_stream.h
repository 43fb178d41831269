#pragma once

#include <cstddef>

#include "weft/base/time.h"
#include "weft/edge/answer/internal/held_part.h"
#include "weft/edge/rest/internal/rest_call.h"
#include "weft/edge/rest/internal/rest_request.h"
#include "weft/edge/rest/stream/internal/line_splitter.h"
#include "weft/edge/rest/stream/internal/stream_form.h"
#include "weft/net/loop/timer.h"

namespace weft::edge::rest {

/// After how much silence a client of StreamForm::Events gets a comment. Proxies cut connections
/// that have been silent for 60 s (nginx: proxy_read_timeout), some for 30 s.
inline constexpr Duration kHeartbeat = std::chrono::seconds(15);

/// A call of a method that streams, by a rule of google.api.http. Requests of a stream are lines of
/// the content, or its parts as they come where they are google.api.HttpBody; responses of a stream
/// have a StreamForm. What does not stream is as in RestCall.
///
/// The response begins with the first message, so a failure before it has its HTTP status.
class RestStream final : public RestCall {
 public:
  RestStream(rpc::HttpExchange& exchange, RestRequest& request, const Cors& cors,
             const RestCodec& codec);

  /// What the call has failed by behind content in which no form says so, else OK: the exchange has
  /// to break off, or the client takes the content for whole.
  const Status& broke_off_by() const noexcept { return broke_off_by_; }

 private:
  struct Heartbeat final : net::Timer {
    explicit Heartbeat(RestStream& of) noexcept;
    RestStream& self;
  };

  MessageReader::Poll receive(Message& out) override;
  MessageWriter::Poll send(const Message& message) override;
  void announce() noexcept override;
  Task<> end(const Status& status) override;
  std::size_t content_memory() const noexcept override;

  bool streams_in() const noexcept;
  bool streams_out() const noexcept;
  MessageReader::Poll receive_line(Message& out);
  MessageReader::Poll receive_part(Message& out);
  MessageReader::Poll take_content(Message& part);
  bool begin();
  Task<> finish(Status status);
  void beat() noexcept;

  const BoundRule& rule_;
  const RestCodec& codec_;
  const StreamForm form_;
  LineSplitter lines_;
  HeldPart held_;
  TimePoint wrote_{};
  bool input_ended_ = false;
  bool begun_ = false;
  bool wrote_any_ = false;
  Status broke_off_by_;
  Heartbeat heartbeat_{*this};
};

}  // namespace weft::edge::rest
