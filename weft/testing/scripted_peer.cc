#include "weft/testing/scripted_peer.h"

#include <array>
#include <span>
#include <utility>

#include "weft/testing/run.h"

namespace weft::testing {

using http2::FrameType;

ScriptedPeer::ScriptedPeer(net::SimLoop& host, std::unique_ptr<net::Stream> stream, Side side)
    : host_(host), stream_(std::move(stream)), preface_due_(side == Side::Server) {
  stream_->set_handler(this);
  stream_->want_read();
}

ScriptedPeer::~ScriptedPeer() { close(); }

std::unique_ptr<ScriptedPeer> ScriptedPeer::connect_silently(net::SimLoop& host,
                                                             std::string_view to,
                                                             std::uint16_t port) {
  Result<std::unique_ptr<net::Stream>> stream =
      run(host, host.connect(net::Address::memory(to, port)));
  if (!stream.ok()) throw DidNotHappen(stream.status().to_string());
  return std::make_unique<ScriptedPeer>(host, std::move(*stream), Side::Client);
}

std::unique_ptr<ScriptedPeer> ScriptedPeer::connect(net::SimLoop& host, std::string_view to,
                                                    std::uint16_t port) {
  auto peer = connect_silently(host, to, port);
  peer->send(client_preface());
  return peer;
}

void ScriptedPeer::send(std::string_view bytes) {
  outgoing_.append(bytes);
  write_out();
}

void ScriptedPeer::write_out() {
  while (!outgoing_.empty() && stream_ != nullptr) {
    const iovec slice{.iov_base = outgoing_.data(), .iov_len = outgoing_.size()};
    const net::IoResult result = stream_->write({&slice, 1});
    if (result.kind == net::IoResult::Kind::WouldBlock) return stream_->want_write();
    if (result.kind != net::IoResult::Kind::Done) {
      ended_ = true;
      return;
    }
    outgoing_.erase(0, result.size);
  }
}

void ScriptedPeer::set_reading(bool reading) {
  reading_ = reading;
  if (reading && stream_ != nullptr) stream_->want_read();
}

void ScriptedPeer::shutdown_write() {
  if (stream_ != nullptr) stream_->shutdown_write();
}

void ScriptedPeer::close() {
  if (stream_ != nullptr) stream_->close();
  stream_.reset();
}

void ScriptedPeer::on_readable() noexcept {
  std::array<char, 64 * 1024> block;
  while (reading_ && stream_ != nullptr) {
    const net::IoResult result = stream_->read(block);
    if (result.kind == net::IoResult::Kind::WouldBlock) return stream_->want_read();
    if (result.kind != net::IoResult::Kind::Done) {
      ended_ = true;
      return;
    }
    received_ += result.size;
    take_bytes({block.data(), result.size});
  }
}

void ScriptedPeer::take_bytes(std::string_view bytes) {
  incoming_.append(bytes);
  std::string_view rest = incoming_;
  if (preface_due_ && rest.size() >= http2::kClientPreface.size()) {
    preface_due_ = false;
    if (rest.starts_with(http2::kClientPreface)) rest.remove_prefix(http2::kClientPreface.size());
  }
  while (!preface_due_ && rest.size() >= http2::kFrameHeaderSize) {
    const http2::FrameHeader header =
        http2::read_frame_header(reinterpret_cast<const std::uint8_t*>(rest.data()));
    if (rest.size() < http2::kFrameHeaderSize + header.length) break;
    take_frame(header, rest.substr(http2::kFrameHeaderSize, header.length));
    rest.remove_prefix(http2::kFrameHeaderSize + header.length);
  }
  incoming_.erase(0, incoming_.size() - rest.size());
}

void ScriptedPeer::take_frame(const http2::FrameHeader& header, std::string_view payload) {
  if (header.type == FrameType::Headers || header.type == FrameType::Continuation) {
    return take_headers(header, payload);
  }
  frames_.push_back({.type = header.type,
                     .flags = header.flags,
                     .stream_id = header.stream_id,
                     .payload = std::string(payload),
                     .fields = {}});
  returned_.push_back(false);
  answer(frames_.back());
}

void ScriptedPeer::take_headers(const http2::FrameHeader& header, std::string_view payload) {
  if (!block_open_) {
    frames_.push_back({.type = header.type,
                       .flags = header.flags,
                       .stream_id = header.stream_id,
                       .payload = {},
                       .fields = {}});
    returned_.push_back(false);
  }
  // weft sends HEADERS without padding and priority, so the payload is the block.
  Frame& whole = frames_.back();
  whole.payload.append(payload);
  block_open_ = !header.has(http2::flag::kEndHeaders);
  if (block_open_) return;
  const std::span block(reinterpret_cast<const std::uint8_t*>(whole.payload.data()),
                        whole.payload.size());
  if (decoder_.decode(block) != http2::HpackDecoder::Outcome::Ok) {
    whole.fields.emplace_back("(does not decode)", decoder_.error());
    return;
  }
  for (const http2::HeaderField& field : decoder_.fields()) {
    whole.fields.emplace_back(field.name, field.value);
  }
}

void ScriptedPeer::answer(const Frame& frame) {
  const bool ack = (frame.flags & http2::flag::kAck) != 0;
  if (frame.type == FrameType::Settings && !ack && answer_settings_) send(settings_ack());
  if (frame.type == FrameType::Ping && !ack && answer_pings_) send(ping_ack(frame.payload));
  if (frame.type == FrameType::Data && !frame.payload.empty() && give_credit_) {
    const auto size = static_cast<std::uint32_t>(frame.payload.size());
    send(window_update(0, size));
    if (!frame.end_stream()) send(window_update(frame.stream_id, size));
  }
}

void ScriptedPeer::give_up(const std::string& what) const {
  throw DidNotHappen(what + (ended_ ? "; the connection has ended" : "") + "; received so far:\n" +
                     log());
}

const Frame& ScriptedPeer::expect(FrameType type, std::uint32_t stream_id, Duration limit) {
  std::size_t at = 0;
  const auto found = [&] {
    for (; at < frames_.size(); ++at) {
      const Frame& frame = frames_[at];
      const bool complete = !block_open_ || at + 1 != frames_.size();
      if (!complete) return false;
      if (returned_[at] || frame.type != type) continue;
      if (stream_id == kAnyStream || frame.stream_id == stream_id) return true;
    }
    return ended_;
  };
  host_.network().run_while_not(found, limit);
  if (at == frames_.size()) {
    Frame wanted;
    wanted.type = type;
    wanted.stream_id = stream_id == kAnyStream ? 0 : stream_id;
    give_up("no frame such as " + wanted.to_string() + " came");
  }
  returned_[at] = true;
  return frames_[at];
}

const Frame& ScriptedPeer::expect_end(std::uint32_t stream_id, Duration limit) {
  std::size_t at = 0;
  const auto found = [&] {
    for (; at < frames_.size(); ++at) {
      const Frame& frame = frames_[at];
      if (frame.stream_id != stream_id) continue;
      if (frame.end_stream() || frame.type == FrameType::RstStream) return !block_open_;
    }
    return ended_;
  };
  host_.network().run_while_not(found, limit);
  if (at == frames_.size()) give_up("stream " + std::to_string(stream_id) + " did not end");
  return frames_[at];
}

void ScriptedPeer::expect_closed(Duration limit) {
  if (!host_.network().run_while_not([&] { return ended_; }, limit) && !ended_) {
    give_up("the connection was not closed");
  }
}

bool ScriptedPeer::has(FrameType type, std::uint32_t stream_id) const noexcept {
  for (const Frame& frame : frames_) {
    if (frame.type == type && (stream_id == kAnyStream || frame.stream_id == stream_id)) {
      return true;
    }
  }
  return false;
}

std::string ScriptedPeer::data_of(std::uint32_t stream_id) const {
  std::string all;
  for (const Frame& frame : frames_) {
    if (frame.type == FrameType::Data && frame.stream_id == stream_id) all += frame.payload;
  }
  return all;
}

std::string ScriptedPeer::log() const {
  std::string text;
  for (const Frame& frame : frames_) {
    text.append("  ").append(frame.to_string());
    for (const auto& [name, value] : frame.fields) {
      text.append("\n    ").append(name).append(": ").append(value);
    }
    text.append("\n");
  }
  return text;
}

ScriptedServer::ScriptedServer(net::SimLoop& host, std::uint16_t port, std::string greeting)
    : host_(host), greeting_(std::move(greeting)) {
  Result<std::unique_ptr<net::Listener>> listener = host.listen(
      net::Address::memory(host.name(), port), {}, [this](std::unique_ptr<net::Accepted> accepted) {
        peers_.push_back(std::make_unique<ScriptedPeer>(host_, accepted->bind_to(host_),
                                                        ScriptedPeer::Side::Server));
        if (!greeting_.empty()) peers_.back()->send(greeting_);
      });
  if (!listener.ok()) throw DidNotHappen(listener.status().to_string());
  listener_ = std::move(*listener);
}

ScriptedServer::~ScriptedServer() = default;

ScriptedPeer& ScriptedServer::accept(Duration limit) {
  host_.network().run_while_not([&] { return accepted_ < peers_.size(); }, limit);
  if (accepted_ == peers_.size()) throw DidNotHappen("no connection came");
  return *peers_[accepted_++];
}

}  // namespace weft::testing
