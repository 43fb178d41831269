#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/http2/frame/frame.h"
#include "weft/http2/hpack/header.h"
#include "weft/http2/hpack/hpack.h"
#include "weft/http2/session/abuse_options.h"
#include "weft/http2/session/output.h"
#include "weft/http2/session/stream.h"

namespace weft::http2 {

enum class Role : std::uint8_t { Client, Server };

/// Which of a message's field sections a header block is (RFC 9113 section 8.1).
enum class HeadersKind : std::uint8_t { Initial, Informational, Trailers };

/// How a stream came to its end.
struct StreamEnd {
  enum class By : std::uint8_t {
    Completion,  ///< both sides sent END_STREAM
    LocalReset,  ///< reset() was called, or the peer broke a rule on this stream
    PeerReset,   ///< RST_STREAM arrived
    Connection,  ///< the connection failed, or GOAWAY excluded the stream
  };
  By by = By::Completion;
  ErrorCode code = ErrorCode::NoError;
  /// The peer says that no work was done for it (REFUSED_STREAM, an id above GOAWAY's last): safe
  /// to send again (RFC 9113 section 8.7).
  bool unprocessed = false;
  /// The same because its HEADERS never left: the peer knows nothing of it.
  bool unsent = false;
  /// LocalReset because the peer broke a rule on this stream: the rule, with its RFC section.
  /// Static text; empty otherwise.
  std::string_view detail = {};
};

/// What an owner has made of a header block; see Session::memo().
struct HeaderMemo {
  virtual ~HeaderMemo() = default;
};

/// What a session tells its owner, from within receive() and from within the calls that end a
/// stream. A handler may call any function of the session from a callback except receive(). A
/// Stream is valid until on_stream_closed returns, and closed then as long as a callback or a Hold
/// lasts. Views are valid during the callback only.
class SessionHandler {
 public:
  /// As server, Initial opens a stream the peer began: set `stream.user` here. `fields` have passed
  /// RFC 9113 section 8.2 and 8.3 (lower case, pseudo-headers first and complete, no
  /// connection-specific fields).
  virtual void on_headers(Stream& stream, HeadersKind kind, HeaderFields fields,
                          bool end_stream) = 0;
  /// A header list exceeded max_header_list_size; its fields are lost. The stream is still open:
  /// the owner answers or resets it.
  virtual void on_headers_too_large(Stream& stream, HeadersKind kind, bool end_stream) = 0;
  /// Payload as it arrives, perhaps less than a frame, padding removed; may be empty with
  /// end_stream. The owner returns credit with Session::consumed() when it has made room.
  virtual void on_data(Stream& stream, BytesView data, bool end_stream) = 0;
  /// What had to wait on the stream has all gone into the output: more may be queued. Not called
  /// for data that went out at once.
  virtual void on_drained(Stream& stream) = 0;
  /// The last callback for this stream; what it still had queued is dropped.
  virtual void on_stream_closed(Stream& stream, const StreamEnd& end) = 0;

  /// The peer's SETTINGS arrived (the first time, or a change): limits such as
  /// max_concurrent_streams may have moved.
  virtual void on_settings() = 0;
  virtual void on_ping_ack(std::uint64_t payload) = 0;
  /// A PING has arrived and been answered; for the owner's limits (too many pings).
  virtual void on_ping() = 0;
  /// The peer will take no streams above `last_stream_id`; those are closed after this.
  virtual void on_goaway(std::uint32_t last_stream_id, ErrorCode code, std::string_view debug) = 0;
  /// The connection is broken beyond use: GOAWAY is in the output, all streams have been closed
  /// (with most_ended_at_once, when they have).
  /// `status` names the rule that was broken.
  virtual void on_connection_error(ErrorCode code, const Status& status) = 0;

 protected:
  ~SessionHandler() = default;
};

struct SessionOptions {
  Role role = Role::Server;
  /// What we announce. enable_push is always announced as 0 by a client.
  Settings local{.enable_push = false,
                 .max_concurrent_streams = 100,
                 .initial_window_size = 256 * 1024,
                 .max_frame_size = kDefaultFrameSize,
                 .max_header_list_size = 16 * 1024};
  /// The connection's receive window, raised by a WINDOW_UPDATE at the start.
  std::uint32_t connection_window = 1024 * 1024;
  /// Grow both windows with the path's bandwidth-delay product, up to this; 0 leaves them fixed.
  std::uint32_t max_window = 8 * 1024 * 1024;
  /// Where abort() or a connection error finds more open streams, these stay until their owner
  /// calls end_streams(), when its thread has time for that.
  std::size_t most_ended_at_once = SIZE_MAX;
  AbuseOptions abuse;
};

/// One HTTP/2 connection's protocol (RFC 9113) with no I/O in it: bytes in by receive(), events out
/// by SessionHandler; events in by the functions below, bytes out by output(). It knows nothing of
/// sockets, clocks, threads or coroutines and touches nothing but its own memory.
///
/// Whoever owns it writes output() to the wire after each call that may have added to it, the
/// constructor included (the connection preface).
///
/// A server's stream whose response has ended while the request goes on stays open, and counts
/// against max_concurrent_streams, until the owner resets it (NO_ERROR, RFC 9113 section 8.1).
class Session {
 public:
  Session(const SessionOptions& options, SessionHandler& handler);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // Bytes

  /// Takes what was read, any number of bytes. `now` serves the bandwidth estimate and the abuse
  /// limits that refill with time. False
  /// when the connection is broken (on_connection_error has been called): write output(), then
  /// close.
  bool receive(Bytes input, TimePoint now);
  /// As receive(), of at most so many frames, and none after the one in which a callback calls
  /// pause(): what is left of `input` then is to be passed on later, before anything else. For
  /// owners whose thread has others to serve as well.
  bool receive_some(Bytes& input, TimePoint now, int frames = kFramesAtOnce);
  static constexpr int kFramesAtOnce = 512;
  /// From a callback of receive_some(): no further frame.
  void pause() noexcept;
  /// How many more frames the last receive_some() would have taken.
  int frames_left() const noexcept;
  OutputQueue& output() noexcept;
  /// Gives back the memory of streams that have ended and of header lists that were delivered. Not
  /// from a callback; to be called between turns, so that a connection which falls idle keeps none.
  void tidy() noexcept;

  // Streams

  /// While one lives, streams that end stay where they are, closed; as they do within callbacks.
  class Hold {
   public:
    explicit Hold(Session& session) noexcept;
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold();

   private:
    Session& session_;
  };

  /// Within on_headers, when the block is one that this connection has brought before, byte for
  /// byte: a place for what the owner has made of its fields, empty the first time; null otherwise.
  /// What is put there is deleted when the block is forgotten, never within on_headers.
  std::unique_ptr<HeaderMemo>* memo() noexcept;
  /// As memo(), for what this block and others begin with: the fields of a request that are the
  /// same in each, before those of one call only.
  struct KnownBeginning {
    std::unique_ptr<HeaderMemo>* memo = nullptr;
    HeaderFields fields;
  };
  KnownBeginning known_beginning() noexcept;

  /// Client: whether open_stream() may be called now: not draining, ids left, below the peer's
  /// limit.
  bool can_open() const noexcept;
  /// Client: begins a stream. `user` is put into the stream.
  Stream& open_stream(HeaderFields fields, bool end_stream, void* user);
  /// As above, for fields of which the first, `usual`, are the same each time on this session;
  /// `block` belongs to them, and `more` follows.
  Stream& open_stream(HeaderFields usual, FixedBlock& block, HeaderFields more, bool end_stream,
                      void* user);
  /// Sends a header block: a response's initial one, informational, or trailers. Trailers follow
  /// what is queued on the stream.
  void send_headers(Stream& stream, HeaderFields fields, bool end_stream);
  /// As above, for fields that are the same each time on this session; `block` belongs to them.
  void send_headers(Stream& stream, HeaderFields fields, FixedBlock& block, bool end_stream);
  /// Room for `n` bytes in a DATA frame whose header is written by commit_data; null when
  /// windows, frame size or bytes already queued forbid it now (then use queue_data). Nothing
  /// else of the session may be called before commit_data.
  std::uint8_t* reserve_data(Stream& stream, std::size_t n);
  void commit_data(Stream& stream, std::size_t n, bool end_stream);
  /// Sends what the windows allow and keeps the rest until they open; on_drained tells when it has
  /// all gone. `stream.queued()` is what waits; of lent data that is a copy, while what has gone
  /// into output() is lent there (OutputQueue::own()).
  void queue_data(Stream& stream, Bytes data, bool end_stream);
  /// Drops what is queued on the stream, trailers included, so that other trailers can be sent at
  /// once: these need no window. The peer sees the message that was cut off as incomplete.
  void drop_queued(Stream& stream);
  /// RST_STREAM, then on_stream_closed (before this returns). Does nothing on a closed stream.
  void reset(Stream& stream, ErrorCode code);
  /// The owner has made room for `n` bytes of this stream's DATA again.
  void consumed(Stream& stream, std::size_t n);

  // Connection

  /// `payload` must not be kBandwidthPing, whose ACKs the session keeps to itself.
  void ping(std::uint64_t payload);
  static constexpr std::uint64_t kBandwidthPing = 0x776566742d626470;  // "weft-bdp"
  /// The first step of a graceful end (RFC 9113 section 6.8): GOAWAY with the highest id and
  /// NO_ERROR; streams in flight may still arrive. Server only; a client just stops opening.
  void begin_drain();
  /// The second step: GOAWAY with the last id that was accepted; later streams are refused.
  void finish_drain(ErrorCode code = ErrorCode::NoError, std::string_view debug = {});
  /// Ends at once: GOAWAY with `code`, all streams closed, on_connection_error is not called.
  void abort(ErrorCode code, std::string_view debug);
  /// The transport is gone: nothing more is sent, what waits to be is dropped, and the streams wait
  /// for end_streams() or transport_closed().
  void transport_lost();
  /// The connection is broken, and its streams wait for end_streams().
  bool ending() const noexcept;
  /// While ending(): closes the streams, then tells of the connection error if it was one.
  void end_streams();
  /// The transport is gone: closes every stream (By::Connection, unprocessed only where the peer
  /// cannot have seen it).
  void transport_closed();

  std::size_t open_streams() const noexcept;
  /// Bytes of DATA that wait on streams for a window.
  std::size_t queued() const noexcept;
  /// Bytes of memory it holds for the peer, in a few steps however many streams there are: streams,
  /// queued DATA and trailers, output, the unfinished header block, HPACK's tables. What callbacks
  /// have handed on is the owner's.
  std::size_t memory() const noexcept;
  /// While held, DATA that arrives earns the connection's window no credit, so that the peer may
  /// send no more than that window; released, all of it is given back.
  void hold_connection_credit(bool hold);
  /// A header block has begun, or a frame of one, and its end has not arrived.
  bool in_header_block() const noexcept;
  /// Streams whose queued DATA has not moved at all since this was last called: their peer gives
  /// them no window.
  std::vector<Stream*> stalled_streams();
  /// Bytes of DATA put into output() so far.
  std::uint64_t data_sent() const noexcept;
  bool draining() const noexcept;  ///< GOAWAY was sent or received
  bool broken() const noexcept;    ///< a connection error, abort() or transport_closed()
  /// What on_connection_error is told; set before the streams are closed for it. OK without one.
  const Status& error() const noexcept;
  const Settings& peer_settings() const noexcept;
  bool peer_settings_received() const noexcept;
  /// The peer has acknowledged the SETTINGS that the session began with. How long that may take
  /// (SETTINGS_TIMEOUT, RFC 9113 section 6.5.3) is the owner's to watch, who has a clock.
  bool settings_acknowledged() const noexcept;
  Role role() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::http2
