#include "tests/fuzz/session_script.h"

#include <array>

#include <sys/uio.h>

namespace weft::fuzz {

using http2::ErrorCode;
using http2::HeaderField;
using http2::HeaderFields;
using http2::HeadersKind;
using http2::Role;
using http2::SessionOptions;
using http2::StreamEnd;
using http2::Token;

namespace {

const HeaderField kRequest[] = {{":method", "POST", Token::Method},
                                {":scheme", "http", Token::Scheme},
                                {":path", "/s/M", Token::Path},
                                {"te", "trailers", Token::Te}};
const HeaderField kHead[] = {{":method", "HEAD", Token::Method},
                             {":scheme", "http", Token::Scheme},
                             {":path", "/", Token::Path}};
const HeaderField kContinue[] = {{":status", "100", Token::Status}};
const HeaderField kResponse[] = {{":status", "200", Token::Status}};
const HeaderField kTrailers[] = {{"grpc-status", "0", Token::GrpcStatus},
                                 {"grpc-message", "so it was", Token::GrpcMessage}};

/// Fields that do not fit one frame.
HeaderFields long_fields() {
  static const std::string value(20000, 'v');
  static const HeaderField fields[] = {{"grpc-status", "13", Token::GrpcStatus}, {"x-long", value}};
  return fields;
}

std::string_view payload(std::size_t size) {
  static const std::string bytes(std::size_t{128} * 1024, 'p');
  return std::string_view(bytes).substr(0, size);
}

}  // namespace

SessionOptions SessionScript::options_from(Role role, Input& input) {
  static constexpr std::uint32_t kWindows[] = {0, 1, 100, 1000, 65535, 100000, 1 << 20, 0x7fffffff};
  SessionOptions options;
  options.role = role;
  options.local.initial_window_size = input.one_of(kWindows);
  options.connection_window = input.one_of(kWindows);
  options.max_window = input.one_of(kWindows);
  options.local.max_concurrent_streams = input.flip() ? 3 : 100;
  options.local.max_header_list_size = input.flip() ? 300 : 16384;
  options.local.header_table_size = input.flip() ? 4096 : input.u8() * 32;
  if (input.flip()) options.abuse = {.unread_answers = 5, .reset_burst = 3, .empty_frames = 4};
  return options;
}

SessionScript::SessionScript(Role role, Input input)
    : input_(input),
      options_(options_from(role, input_)),
      wire_(options_),
      peer_(input_, role),
      session_(options_, *this) {}

void SessionScript::run() {
  pending_ = peer_.greeting();
  if (input_.rarely(16)) pending_.insert(input_.u8() % pending_.size(), peer_.rubbish());
  wire_.peer_sends_greeting(pending_);
  deliver();
  while (!input_.empty() && !session_.broken()) {
    if (input_.flip()) {
      peer_step();
    } else {
      owner_step(any_record());
    }
    check();
  }
  if (input_.flip()) settle();
  session_.transport_closed();
  require(open_.empty() && session_.open_streams() == 0, "every stream closes in the end");
}

// ---- the wire
// --------------------------------------------------------------------------------------

void SessionScript::peer_step() {
  now_ += std::chrono::microseconds(input_.u8());
  if (input_.rarely(64)) {
    wire_.peer_sends_rubbish();
    pending_ += peer_.rubbish();
  } else {
    const std::string frames = peer_.next();
    wire_.peer_sends(frames);
    pending_ += frames;
  }
  if (!input_.rarely(4)) deliver();
}

/// What is pending, in one piece, in two, or byte by byte.
void SessionScript::deliver() {
  const std::string bytes = std::exchange(pending_, {});
  switch (input_.below(4)) {
    case 0: {
      const std::size_t cut = input_.u16() % (bytes.size() + 1);
      receive(std::string_view(bytes).substr(0, cut));
      return receive(std::string_view(bytes).substr(cut));
    }
    case 1:
      if (bytes.size() > 200) return receive(bytes);
      for (const char& byte : bytes) receive({&byte, 1});
      return;
    default:
      return receive(bytes);
  }
}

void SessionScript::receive(std::string_view bytes) {
  const bool was_broken = session_.broken();
  const bool goes_on = session_.receive(Bytes::copy_of(bytes), now_);
  require(goes_on != session_.broken(), "receive() says whether the connection is broken");
  for (const auto& [id, record] : open_) {
    require(options_.role == Role::Server || id <= last_taken_, "excluded streams are closed");
  }
  require(was_broken || !session_.broken() || failed_ || over_, "a broken connection says so");
}

void SessionScript::take_output(std::size_t most) {
  std::array<iovec, 4> slices{};
  while (most != 0 && !session_.output().empty()) {
    const std::size_t n = session_.output().gather(slices);
    require(n != 0, "output that is not empty has slices");
    std::size_t taken = 0;
    for (std::size_t i = 0; i < n && most != 0; ++i) {
      const std::size_t part = std::min(most, slices[i].iov_len);
      wire_.session_wrote({static_cast<const char*>(slices[i].iov_base), part});
      taken += part;
      most -= part;
    }
    session_.output().consume(taken);
  }
}

/// A peer that reads everything and opens every window: what waits goes out.
void SessionScript::settle() {
  if (session_.broken() || wire_.violated_by_peer() || !pending_.empty()) return;
  take_output(~std::size_t{0});
  for (int round = 0; round < 3; ++round) {
    for (const auto& [id, record] : std::map(open_)) {
      if (session_.broken()) return;
      if (!open_.contains(id)) continue;
      const std::string update = PeerFrames::credit(id, 1 << 20) + PeerFrames::credit(0, 1 << 20);
      wire_.peer_sends(update);
      receive(update);
    }
    check();
  }
}

void SessionScript::check() {
  require(session_.open_streams() == open_.size(), "the session has the streams the owner knows");
  require(!session_.broken() || open_.empty(), "a broken session has no streams");
  for (const auto& [id, record] : open_) {
    require(record.stream->id() == id && record.stream->user == &record, "a stream stays itself");
    require(record.stream->peer_ended() == record.peer_ended, "peer_ended() is what was told");
    require(record.stream->queued() <= record.queued, "no more waits than was given");
  }
  if (!input_.rarely(8)) {
    take_output(~std::size_t{0});
    if (session_.broken()) return wire_.check_end();
    if (pending_.empty()) wire_.check_answers();
    for (const auto& [id, queued] : std::exchange(completed_, {})) {
      require(wire_.data_written(id) == queued, "a completed stream has sent what it was given");
      require(wire_.ended(id), "a completed stream has sent END_STREAM");
    }
  } else {
    take_output(input_.u8());
  }
}

// ---- the owner
// -------------------------------------------------------------------------------------

SessionScript::Record* SessionScript::any_record() {
  if (open_.empty()) return nullptr;
  auto it = open_.begin();
  std::advance(it, static_cast<std::ptrdiff_t>(input_.u8() % open_.size()));
  return &it->second;
}

void SessionScript::owner_step(Record* record) {
  switch (input_.below(16)) {
    case 0:
    case 1:
    case 2:
      return open();
    case 3:
    case 4:
      return record == nullptr ? void() : answer(*record);
    case 5:
    case 6:
    case 7:
    case 8:
      return record == nullptr ? void() : send(*record);
    case 9:
      return record == nullptr ? void() : finish(*record);
    case 10:
      if (record == nullptr) return;
      record->reset = true;
      return session_.reset(*record->stream, static_cast<ErrorCode>(input_.below(14)));
    case 11:
    case 12:
      return record == nullptr ? void() : consume(*record);
    case 13:
      return session_.ping(input_.u8());
    case 14:
      if (input_.rarely(8)) session_.begin_drain();
      if (input_.rarely(16)) session_.finish_drain(ErrorCode::NoError, "drained");
      return;
    default:
      return end_connection();
  }
}

void SessionScript::end_connection() {
  if (!input_.rarely(64) || session_.broken()) return;
  over_ = true;
  if (input_.flip()) return session_.transport_closed();
  session_.abort(static_cast<ErrorCode>(input_.below(14)), "enough");
}

void SessionScript::open() {
  if (!session_.can_open()) return;
  const bool head = input_.rarely(8);
  const bool end = head || input_.rarely(4);
  const std::uint32_t id = highest_id_ == 0 ? 1 : highest_id_ + 2;
  Record& record = open_[id];
  record.id = id;
  record.answered = true;
  record.stream = &session_.open_stream(head ? HeaderFields(kHead) : kRequest, end, &record);
  require(record.stream->id() == id, "streams are opened in order");
  highest_id_ = id;
  peer_.may_answer(id);
}

void SessionScript::answer(Record& record) {
  if (record.answered) return;
  if (input_.rarely(8)) return session_.send_headers(*record.stream, kContinue, false);
  record.answered = true;
  session_.send_headers(*record.stream, kResponse, input_.rarely(8));
}

void SessionScript::send(Record& record) {
  static constexpr std::size_t kSizes[] = {0, 1, 5, 300, 3000, 16384, 16385, 100000};
  if (!record.answered || record.stream->local_ended()) return;
  if (record.stream->queued() > 500000) return;
  const std::size_t size = input_.one_of(kSizes);
  const bool end = input_.rarely(8);
  if (input_.flip() && size <= 16384) {
    std::uint8_t* room = session_.reserve_data(*record.stream, size + 7);
    if (room != nullptr) {
      std::fill_n(room, size + 7, std::uint8_t{'r'});
      record.queued += size;
      return session_.commit_data(*record.stream, size, end);
    }
  }
  record.queued += size;
  session_.queue_data(*record.stream, Bytes::of_static(payload(size)), end);
}

void SessionScript::finish(Record& record) {
  if (!record.answered) return;
  session_.send_headers(*record.stream, input_.rarely(8) ? long_fields() : kTrailers, true);
}

void SessionScript::consume(Record& record) {
  const std::size_t n = input_.flip() ? record.unconsumed : input_.u16() % (record.unconsumed + 1);
  record.unconsumed -= n;
  session_.consumed(*record.stream, n);
}

// ---- what the session says
// -------------------------------------------------------------------------

/// Something that the owner does before it returns from a callback.
void SessionScript::within(Record* record) {
  if (depth_ >= 4 || !input_.flip()) return;
  ++depth_;
  owner_step(record);
  --depth_;
}

SessionScript::Record& SessionScript::known(http2::Stream& stream) {
  const auto it = open_.find(stream.id());
  require(it != open_.end(), "callbacks are about open streams");
  require(&stream == it->second.stream && stream.user == &it->second, "a stream stays itself");
  require(!failed_, "nothing follows on_connection_error");
  return it->second;
}

SessionScript::Record& SessionScript::arrived(http2::Stream& stream, HeadersKind kind, bool end) {
  if (options_.role == Role::Server && kind == HeadersKind::Initial) {
    require(stream.id() > highest_id_ && stream.id() % 2 == 1, "a client's streams rise");
    require(stream.user == nullptr, "a new stream has no user");
    highest_id_ = stream.id();
    wire_.owner_heard_of(stream.id());
    Record& record = open_[stream.id()];
    record.stream = &stream;
    record.id = stream.id();
    stream.user = &record;
  }
  Record& record = known(stream);
  require(record.initial == (kind == HeadersKind::Trailers), "sections come in their order");
  require(!record.peer_ended, "nothing follows END_STREAM");
  record.initial = kind != HeadersKind::Informational;
  record.peer_ended = end;
  require(kind != HeadersKind::Trailers || end, "trailers end the stream");
  require(stream.peer_ended() == end, "peer_ended() is what was told");
  return record;
}

void SessionScript::on_headers(http2::Stream& stream, HeadersKind kind, HeaderFields fields,
                               bool end_stream) {
  Record& record = arrived(stream, kind, end_stream);
  const bool pseudo = !fields.empty() && fields.front().name.starts_with(':');
  require(pseudo == (kind != HeadersKind::Trailers), "a message begins with its pseudo-headers");
  std::size_t size = 0;
  for (const HeaderField& field : fields) {
    require(field.token == http2::token_of(field.name), "tokens name their fields");
    size += field.size();
  }
  require(size <= options_.local.max_header_list_size, "a list keeps to the limit");
  within(&record);
}

void SessionScript::on_headers_too_large(http2::Stream& stream, HeadersKind kind, bool end_stream) {
  within(&arrived(stream, kind, end_stream));
}

void SessionScript::on_data(http2::Stream& stream, weft::BytesView data, bool end_stream) {
  Record& record = known(stream);
  require(record.initial && !record.peer_ended, "DATA comes between HEADERS and END_STREAM");
  require(!data.empty() || end_stream, "empty DATA says END_STREAM");
  record.unconsumed += data.size();
  record.peer_ended = end_stream;
  const std::int64_t window =
      std::max({options_.local.initial_window_size, options_.max_window, http2::kDefaultWindow});
  require(static_cast<std::int64_t>(record.unconsumed) <= window, "a peer keeps to the window");
  within(&record);
}

void SessionScript::on_drained(http2::Stream& stream) {
  require(stream.queued() == 0, "a drained stream has nothing queued");
  within(&known(stream));
}

void SessionScript::on_stream_closed(http2::Stream& stream, const StreamEnd& end) {
  Record& record = known(stream);
  require(stream.queued() == 0, "what a closed stream had queued is dropped");
  if (end.by == StreamEnd::By::Completion) {
    require(stream.local_ended() && stream.peer_ended(), "a completed stream has ended both ways");
    if (!over_) completed_[record.id] = record.queued;
  }
  open_.erase(stream.id());
  within(any_record());
}

void SessionScript::on_settings() { within(any_record()); }
void SessionScript::on_ping_ack(std::uint64_t) { within(any_record()); }
void SessionScript::on_ping() { within(any_record()); }

void SessionScript::on_goaway(std::uint32_t last_stream_id, ErrorCode, std::string_view) {
  last_taken_ = last_stream_id;
  within(any_record());
}

void SessionScript::on_connection_error(ErrorCode, const Status& status) {
  require(!failed_ && !over_, "a connection fails once");
  require(!status.ok() && session_.broken(), "a connection fails for a reason");
  require(session_.open_streams() == 0 && open_.empty(), "a failed connection has no streams");
  failed_ = true;
  within(nullptr);
}

}  // namespace weft::fuzz
