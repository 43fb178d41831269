// What a connection reads: heads, contents, and what is between them. What it writes and how it
// ends is in connection_end.cc.
#include "weft/http1/server/internal/served_connection.h"

#include <algorithm>
#include <utility>

#include "weft/base/text/printable.h"

namespace weft::http1 {
namespace {

constexpr std::size_t kReadBlock = std::size_t{16} * 1024 - 64;
// Requests of one connection in a round of its loop; the others' have their turn then.
constexpr std::uint32_t kInRound = 32;
// In units of net::Loop::add_work(), about half a microsecond: a small request with its handler,
// and what is parsed.
constexpr std::int32_t kWorkOfRequest = 4;
constexpr std::size_t kParsedInUnit = 256;
// What stands between chunks, which may have to be looked at byte by byte.
constexpr std::size_t kFramingInUnit = 128;

/// What the connections of a thread read into: an idle one holds no buffer.
std::span<char> read_block() {
  thread_local const ChunkRef block(Chunk::allocate(kReadBlock));
  return {block->data(), kReadBlock};
}

/// The answer to a request that no handler takes. To one for the server as a whole it is a good one
/// (RFC 9110 section 9.3.7).
Fault not_taken(const rpc::HttpHead& head) {
  if (head.path == "*") return {200, "this server speaks gRPC over HTTP/2, and HTTP/1.1"};
  if (head.field("content-type").starts_with("application/grpc")) {
    return {505,
            "gRPC needs HTTP/2, and this request came over HTTP/1.1: an HTTP/1.1 proxy may stand "
            "between"};
  }
  return {head.method == "CONNECT" ? 501 : 404,
          "nothing here takes " + printable(head.method.substr(0, 32)) + ' ' +
              printable((head.path.empty() ? head.authority : head.path).substr(0, 128)) +
              ": this server speaks gRPC over HTTP/2 on this port, and HTTP/1.1 for its pages "
              "only"};
}

}  // namespace

ServedConnection::ServedConnection(rpc::WireConnection& wire, const ProtocolOptions& options)
    : wire_(wire),
      loop_(wire.loop()),
      stream_(wire.stream()),
      options_(options),
      scanner_(options_.head, HeadScanner::Of::Request),
      for_content_(options_.content_timeout, options_.min_content_rate),
      for_reading_(options_.write_timeout, options_.min_response_rate),
      go_on_([](Runnable& step) noexcept { static_cast<Step&>(step).self.go_on(); }, *this),
      read_alone_([](Runnable& step) noexcept { static_cast<Step&>(step).self.read_alone(); },
                  *this),
      resume_([](Runnable& step) noexcept { static_cast<Step&>(step).self.waiting_.resume(); },
              *this),
      cancelled_(
          [](CancelHook& hook, const Status& reason) noexcept {
            static_cast<Cancelled&>(hook).self.cut_off(reason);
          },
          *this) {
  stream_.set_handler(this);
}

ServedConnection::~ServedConnection() { stream_.set_handler(nullptr); }

void ServedConnection::start() {
  if (!wire_.context().add_hook(cancelled_)) return close();
  draining_ = wire_.drained();
  draining_.start(
      &wire_.context(),
      {[](void* self) noexcept { static_cast<ServedConnection*>(self)->drain(); }, this});
  account();
  watch(true);
  read_on();
}

/// Where others have done much in this round of the loop, in a turn of its own: many connections
/// may have much to read at the same time.
void ServedConnection::on_readable() noexcept {
  if (!loop_.round_is_long()) return read_now();
  if (!std::exchange(reads_alone_, true)) loop_.ready_alone(read_alone_);
}

void ServedConnection::read_alone() noexcept {
  reads_alone_ = false;
  // Otherwise whatever has it want input again asks for that.
  if (wants_input()) read_now();
}

void ServedConnection::read_now() noexcept {
  try {
    read();
  } catch (const std::bad_alloc&) {
    lost(resource_exhausted("no memory for what the client sends"));
  }
}

void ServedConnection::read() {
  const std::span<char> block = read_block();
  const net::IoResult result = stream_.read(block);
  switch (result.kind) {
    case net::IoResult::Kind::WouldBlock:
      break;
    case net::IoResult::Kind::Failed:
      return lost(result.error);
    case net::IoResult::Kind::End:
      input_ended_ = true;
      end_of_input();
      break;
    case net::IoResult::Kind::Done:
      take_in(std::string_view(block.data(), result.size));
      break;
  }
  if (phase_ == Phase::Closed) return;
  watch(true);
  read_on();
}

void ServedConnection::take_in(std::string_view bytes) {
  loop_.add_work(net::Loop::work_of_bytes(bytes.size()));
  if (phase_ != Phase::Serving) return linger(bytes.size());
  if (const Status room = wire_.admit_memory(); !room.ok()) {
    return refuse({503, std::string(room.message())});
  }
  if (input_.empty()) {
    process(bytes);
    if (phase_ == Phase::Serving) input_.assign(bytes);
  } else {
    input_.erase(0, std::exchange(input_at_, 0));
    input_.append(bytes);
    process_input();
  }
  account();
}

void ServedConnection::process_input() {
  std::string_view bytes = std::string_view(input_).substr(input_at_);
  process(bytes);
  if (phase_ == Phase::Serving && !bytes.empty()) {
    input_at_ = input_.size() - bytes.size();
    return;
  }
  input_at_ = 0;
  std::string().swap(input_);
}

/// Takes what it can from the front of `bytes`.
void ServedConnection::process(std::string_view& bytes) {
  while (phase_ == Phase::Serving && !going_on_) {
    if (!(exchange_ == nullptr ? take_head(bytes) : take_content(bytes))) break;
  }
}

/// False where there is none yet.
bool ServedConnection::take_head(std::string_view& bytes) {
  if (last_ || bytes.empty()) return false;
  // A client that does not read its answers gets no further ones.
  held_up_ = output_full();
  if (held_up_) return false;
  switch (scanner_.scan(bytes)) {
    case HeadScanner::Outcome::NeedMore:
      return false;
    case HeadScanner::Outcome::Refused:
      refuse(scanner_.fault());
      return false;
    case HeadScanner::Outcome::Complete:
      break;
  }
  const std::string_view head = bytes.substr(scanner_.begin(), scanner_.end() - scanner_.begin());
  bytes.remove_prefix(scanner_.end());
  scanner_.restart();
  begin_exchange(head);
  return true;
}

void ServedConnection::begin_exchange(std::string_view head) {
  if (loop_.round() != std::exchange(round_, loop_.round())) in_round_ = 0;
  ++in_round_;
  ++requests_;
  loop_.add_work(kWorkOfRequest + static_cast<std::int32_t>(head.size() / kParsedInUnit));
  asked_for_content_ = false;
  of_head_ = head.starts_with("HEAD ");
  auto exchange =
      std::make_unique<ServedExchange>(wire_, static_cast<ExchangeOwner&>(*this), options_);
  if (Fault fault = exchange->parse(head)) return refuse(fault);
  const RequestHead& request = exchange->request();
  last_ = last_ || !request.persistent || requests_ >= options_.max_requests;
  exchange_ = std::move(exchange);
  if (!exchange_->request_content().ended()) {
    spend_patience(loop_.now());
    for_content_.renew();
  }
  rpc::HttpHandler* const handler = wire_.handler_for(exchange_->head());
  if (handler == nullptr) {
    const Fault fault = not_taken(exchange_->head());
    return exchange_->refuse(fault.status, fault.why);
  }
  const Status admitted = wire_.request_began(exchange_->head().path, handler->refusable());
  if (!admitted.ok()) {
    return exchange_->refuse(503, admitted.message());
  }
  exchange_->serve(*handler);
}

/// False where more bytes are needed, or room for them, or the end of the exchange.
bool ServedConnection::take_content(std::string_view& bytes) {
  RequestContent& content = exchange_->request_content();
  if (content.ended() || content.full() || bytes.empty()) return false;
  const std::size_t size = bytes.size();
  const std::uint64_t before = content.came();
  if (Fault fault = content.take(bytes)) {
    refuse(fault);
    return false;
  }
  const std::size_t taken = size - bytes.size();
  const std::size_t framing = taken - static_cast<std::size_t>(content.came() - before);
  loop_.add_work(static_cast<std::int32_t>(framing / kFramingInUnit));
  came_ += taken;
  if (exchange_->handled() && content_is_over()) go_on_later();
  return true;
}

/// RFC 9110 section 10.1.1.
void ServedConnection::on_content_wanted() {
  if (std::exchange(asked_for_content_, true) || exchange_ == nullptr) return;
  if (!exchange_->request().expects_continue || exchange_->answer().begun()) return;
  output_.append(Bytes::of_static("HTTP/1.1 100 Continue\r\n\r\n"));
  flush_later();
}

/// What has to wait until nothing of the exchange is on the stack.
void ServedConnection::go_on_later() noexcept {
  if (std::exchange(going_on_, true)) return;
  if (in_round_ >= kInRound || loop_.round_is_long()) return loop_.ready_alone(go_on_);
  loop_.ready(go_on_);
}

void ServedConnection::go_on() noexcept {
  going_on_ = false;
  if (in_round_ >= kInRound) in_round_ = 0;
  if (end_exchange()) return check_over();
  if (phase_ != Phase::Serving) return;
  try {
    process_input();
  } catch (const std::bad_alloc&) {
    return lost(resource_exhausted("no memory for what the client sends"));
  }
  if (phase_ != Phase::Serving) return;
  if (input_ended_ && !going_on_) end_of_input();
  watch(false);
  read_on();
}

/// Ends the exchange if it is over; true where the connection has no further one.
bool ServedConnection::end_exchange() {
  if (exchange_ == nullptr || !exchange_->handled()) return false;
  if (phase_ == Phase::Serving) {
    if (!exchange_->answer().ended() && !exchange_->context().is_cancelled()) return false;
    if (!content_is_over()) {
      // The rest of a request that nobody reads is worth reading where it is short.
      exchange_->request_content().discard();
      return false;
    }
    if (!exchange_->request_content().ended()) last_ = true;
  }
  exchange_.reset();
  account();
  const bool leaves = last_ || (wire_.draining() && at_rest());
  if (phase_ == Phase::Serving && leaves) close_after_writing();
  return phase_ == Phase::Closed;
}

/// Whether what is left of the content need not, or is not to be waited for.
bool ServedConnection::content_is_over() const noexcept {
  constexpr std::uint64_t kMostDiscarded = std::uint64_t{256} * 1024;
  RequestContent& content = exchange_->request_content();
  const bool held_back = exchange_->request().expects_continue && !asked_for_content_;
  return content.ended() || input_ended_ || tunnel_ || held_back ||
         content.discarded() > kMostDiscarded;
}

bool ServedConnection::wants_input() const noexcept {
  if (phase_ == Phase::Lingering) return !input_ended_;
  if (phase_ != Phase::Serving || input_ended_ || going_on_) return false;
  if (exchange_ == nullptr) return !held_up_;
  const RequestContent& content = exchange_->request_content();
  if (!content.ended()) return !content.full();
  return input_.size() - input_at_ < options_.max_pipelined;
}

void ServedConnection::read_on() noexcept {
  if (wants_input() && !reads_alone_) stream_.want_read();
}

/// The client sends no more; it may still read.
void ServedConnection::end_of_input() {
  if (phase_ == Phase::Lingering) return close();
  if (phase_ != Phase::Serving) return;
  if (held_up_) return;  // and come back
  if (exchange_ == nullptr) {
    if (input_.size() == input_at_ || !scanner_.has_begun()) return close_after_writing();
    return refuse({400, "the client has ended the connection within the head of a request"});
  }
  RequestContent& content = exchange_->request_content();
  if (content.ended() || going_on_) return;  // it may be served, and those that wait behind it
  if (input_.size() != input_at_) return;    // there is more to be read of it
  if (tunnel_) return content.end();
  if (exchange_->handled()) return go_on_later();
  refuse({400, "the client has ended the connection within the content of a request"});
}

}  // namespace weft::http1
