#include "tools/weft/doctor/http2_probe.h"

#include <array>
#include <utility>

namespace weft::cli {
namespace {

http2::SessionOptions client_options() {
  http2::SessionOptions options;
  options.role = http2::Role::Client;
  return options;
}

}  // namespace

Spoken spoken(std::string_view first_bytes) noexcept {
  if (first_bytes.empty()) return Spoken::Nothing;
  if (first_bytes.starts_with("HTTP/1.")) return Spoken::Http1;
  // To a version that they do not know, some web servers answer without a status line.
  if (first_bytes.starts_with("<!DOCTYPE") || first_bytes.starts_with("<html")) {
    return Spoken::Http1;
  }
  // A TLS record (RFC 8446 section 5.1): alert or handshake, then the major version 3.
  const bool record = first_bytes[0] == 0x15 || first_bytes[0] == 0x16;
  if (record && first_bytes.size() > 1 && first_bytes[1] == 3) return Spoken::Tls;
  // A server's preface is a SETTINGS frame on stream 0 (RFC 9113 section 3.4).
  const bool settings =
      first_bytes.size() >= http2::kFrameHeaderSize && first_bytes[0] == 0 && first_bytes[3] == 4;
  return settings ? Spoken::Http2 : Spoken::Other;
}

Http2Probe::Http2Probe(std::unique_ptr<net::Stream> stream)
    : loop_(*net::Loop::current()), stream_(std::move(stream)), session_(client_options(), *this) {
  stream_->set_handler(this);
}

Http2Probe::~Http2Probe() {
  stream_->set_handler(nullptr);
  if (!session_.broken()) session_.abort(http2::ErrorCode::NoError, {});
  if (failure_.ok()) flush();
  stream_->close();
}

Task<Status> Http2Probe::greet() {
  flush();
  stream_->want_read();
  while (!settings_received_ && failure_.ok()) {
    net::Wait wait(loop_);
    waiting_ = &wait;
    Status status = co_await wait;
    waiting_ = nullptr;
    if (!status.ok()) co_return status;
  }
  // A server may say in one breath that it speaks HTTP/2 and that it will not here.
  co_return settings_received_&& goaway_.empty() ? Status() : ended();
}

Task<Result<Duration>> Http2Probe::ping() {
  if (!failure_.ok()) co_return ended();
  ping_answered_ = false;
  session_.ping(++pings_);
  const TimePoint sent = loop_.now();
  flush();
  while (!ping_answered_ && failure_.ok()) {
    net::Wait wait(loop_);
    waiting_ = &wait;
    Status status = co_await wait;
    waiting_ = nullptr;
    if (!status.ok()) co_return status;
  }
  if (!ping_answered_) co_return ended();
  co_return answered_ - sent;
}

void Http2Probe::on_settings() {
  settings_received_ = true;
  wake();
}

void Http2Probe::on_ping_ack(std::uint64_t payload) {
  if (payload != pings_) return;
  answered_ = loop_.now();
  ping_answered_ = true;
  wake();
}

void Http2Probe::on_goaway(std::uint32_t, http2::ErrorCode code, std::string_view debug) {
  goaway_ = "GOAWAY " + std::string(http2::name_of(code));
  if (!debug.empty()) goaway_.append(" '").append(debug.substr(0, 200)).append("'");
}

void Http2Probe::on_connection_error(http2::ErrorCode, const Status& status) { fail(status); }

void Http2Probe::on_readable() noexcept {
  std::array<char, 16384> buffer;
  while (failure_.ok()) {
    net::IoResult result = stream_->read(buffer);
    switch (result.kind) {
      case net::IoResult::Kind::Done:
        receive({buffer.data(), result.size});
        break;
      case net::IoResult::Kind::WouldBlock:
        stream_->want_read();
        return;
      case net::IoResult::Kind::End:
        return fail(unavailable(first_bytes_.empty()
                                    ? "the server closed the connection without a word"
                                    : "the server closed the connection"));
      case net::IoResult::Kind::Failed:
        return fail(std::move(result.error));
    }
  }
}

void Http2Probe::receive(std::string_view bytes) {
  first_bytes_.append(bytes.substr(0, kKept - first_bytes_.size()));
  session_.receive(Bytes::copy_of(bytes), loop_.now());
  flush();
}

void Http2Probe::flush() noexcept {
  http2::OutputQueue& output = session_.output();
  while (!output.empty()) {
    std::array<iovec, 16> slices;
    const std::size_t count = output.gather(slices);
    net::IoResult result = stream_->write({slices.data(), count});
    if (result.kind == net::IoResult::Kind::WouldBlock) return stream_->want_write();
    // What the server sent before it broke off says more than that it did: that is still read.
    if (result.kind != net::IoResult::Kind::Done) return output.clear();
    output.consume(result.size);
  }
}

void Http2Probe::fail(Status why) noexcept {
  if (failure_.ok()) failure_ = std::move(why);
  wake();
}

void Http2Probe::wake() noexcept {
  if (waiting_ != nullptr) waiting_->complete();
}

Status Http2Probe::ended() const {
  if (goaway_.empty()) return failure_;
  return unavailable("the server ended the connection with " + goaway_);
}

}  // namespace weft::cli
