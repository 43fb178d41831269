#include "tests/fuzz/nghttp2_peer.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace weft::fuzz {
namespace {

nghttp2_nv field(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

const std::array kRequest = {
    field(":method", "POST"), field(":scheme", "http"),
    field(":path", "/s/M"),   field(":authority", "h"),
    field("te", "trailers"),  field("x-much", "of something that repeats")};
const std::array kResponse = {field(":status", "200"), field("content-type", "application/grpc")};
const std::array kContinue = {field(":status", "103"), field("link", "</a>")};
const std::array kTrailers = {field("grpc-status", "0"), field("grpc-message", "so it was")};

}  // namespace

/// What nghttp2 calls.
struct Nghttp2Peer::Callbacks {
  static Nghttp2Peer& self(void* user) { return *static_cast<Nghttp2Peer*>(user); }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Nghttp2Peer& peer = self(user);
    const auto id = static_cast<std::uint32_t>(frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) --peer.pings_;
    if (frame->hd.type == NGHTTP2_RST_STREAM) peer.streams_[id].reset = true;
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!carries) return 0;
    StreamCount& stream = peer.streams_[id];  // a request makes it
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) stream.end_seen = true;
    return 0;
  }
  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame*, int, void*) {
    require(false, "nghttp2 finds nothing wrong with our frames");
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    Nghttp2Peer& peer = self(user);
    const auto stream_id = static_cast<std::uint32_t>(id);
    StreamCount& stream = peer.streams_[stream_id];
    for (std::size_t i = 0; i < size; ++i) {
      const char expected = expected_byte(stream_id, !peer.is_client_, stream.received++);
      require(static_cast<char>(data[i]) == expected, "nghttp2 gets the bytes that we were given");
    }
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
    Nghttp2Peer& peer = self(user);
    StreamCount& stream = peer.streams_[static_cast<std::uint32_t>(id)];
    stream.closed = true;
    if (code != NGHTTP2_NO_ERROR) stream.reset = true;
    peer.outgoing_.erase(static_cast<std::uint32_t>(id));
    return 0;
  }
  static int on_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS) {
      self(user).outgoing_[static_cast<std::uint32_t>(frame->hd.stream_id)].on_wire = true;
    }
    require(frame->hd.type != NGHTTP2_GOAWAY || frame->goaway.error_code == NGHTTP2_NO_ERROR,
            "nghttp2 does not give us up");
    return 0;
  }
  static ssize_t read(nghttp2_session* session, std::int32_t id, std::uint8_t* out,
                      std::size_t room, std::uint32_t* flags, nghttp2_data_source*, void* user) {
    Nghttp2Peer& peer = self(user);
    const auto stream_id = static_cast<std::uint32_t>(id);
    Outgoing& outgoing = peer.outgoing_[stream_id];
    StreamCount& stream = peer.streams_[stream_id];
    const std::size_t n = std::min(room, outgoing.left);
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = static_cast<std::uint8_t>(expected_byte(stream_id, peer.is_client_, stream.sent++));
    }
    outgoing.left -= n;
    if (outgoing.left == 0 && outgoing.last) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      stream.ended = true;
      if (outgoing.trailers) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(session, id, kTrailers.data(), kTrailers.size());
      }
    } else if (n == 0) {
      outgoing.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(n);
  }
};

Nghttp2Peer::Nghttp2Peer(Input& input, bool is_client) : input_(input), is_client_(is_client) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks,
                                                               &Callbacks::on_invalid_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Callbacks::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Callbacks::on_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, &Callbacks::on_sent);
  if (is_client) {
    nghttp2_session_client_new(&session_, callbacks, this);
  } else {
    nghttp2_session_server_new(&session_, callbacks, this);
  }
  nghttp2_session_callbacks_del(callbacks);
  settings();
}

Nghttp2Peer::~Nghttp2Peer() { nghttp2_session_del(session_); }

std::string Nghttp2Peer::take_output() {
  std::string out;
  for (;;) {
    const std::uint8_t* data = nullptr;
    const ssize_t n = nghttp2_session_mem_send(session_, &data);
    require(n >= 0, "nghttp2 can send");
    if (n == 0) return out;
    out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(n));
  }
}

void Nghttp2Peer::receive(std::string_view bytes) {
  const ssize_t n = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  require(n == static_cast<ssize_t>(bytes.size()), "nghttp2 takes what we write");
}

void Nghttp2Peer::settings() {
  static constexpr std::uint32_t kTables[] = {0, 100, 4096, 65536};
  static constexpr std::uint32_t kWindows[] = {0, 1, 1000, 65535, 1 << 20};
  static constexpr std::uint32_t kFrames[] = {16384, 16385, 1 << 20};
  std::array<nghttp2_settings_entry, 3> entries{};
  std::size_t n = 0;
  if (input_.flip()) entries[n++] = {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, input_.one_of(kTables)};
  if (input_.flip()) entries[n++] = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, input_.one_of(kWindows)};
  if (input_.flip()) entries[n++] = {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, input_.one_of(kFrames)};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), n);
}

std::uint32_t Nghttp2Peer::any_stream() {
  if (streams_.empty()) return 0;
  auto it = streams_.end();
  std::advance(it, -1 - static_cast<std::ptrdiff_t>(
                            input_.below(std::min<std::size_t>(streams_.size(), 16))));
  return it->second.closed ? 0 : it->first;
}

void Nghttp2Peer::act() {
  switch (input_.below(12)) {
    case 0:
    case 1:
    case 2:
      return begin();
    case 3:
    case 4:
    case 5:
    case 6:
      return send();
    case 7:
      return end(any_stream(), input_.flip());
    case 8:
      return settings();
    case 9:
      ++pings_;
      nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
      return;
    case 10: {
      const std::uint32_t id = any_stream();
      if (id == 0 || !input_.rarely(4)) return;
      // Of a request that still waits nghttp2 sends the RST_STREAM alone.
      if (is_client_ && !outgoing_[id].on_wire) return;
      streams_[id].reset = true;
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, static_cast<std::int32_t>(id),
                                input_.below(14));
      return;
    }
    default: {
      // Credit beyond what was used; nghttp2 gives back what was used by itself.
      const auto id = static_cast<std::int32_t>(input_.flip() ? 0 : any_stream());
      nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, id, 1 + input_.u16());
    }
  }
}

/// As client another request, as server another response.
void Nghttp2Peer::begin() {
  nghttp2_data_provider body{};
  body.read_callback = &Callbacks::read;
  if (is_client_) {
    if (streams_.size() > 60) return;
    const std::int32_t id =
        nghttp2_submit_request(session_, nullptr, kRequest.data(), kRequest.size(), &body, nullptr);
    require(id > 0, "nghttp2 opens streams");
    streams_[static_cast<std::uint32_t>(id)] = {};
    outgoing_[static_cast<std::uint32_t>(id)].begun = true;
    return;
  }
  const std::uint32_t id = any_stream();
  if (id == 0 || outgoing_[id].begun) return;
  if (input_.rarely(8)) {
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, static_cast<std::int32_t>(id), nullptr,
                           kContinue.data(), kContinue.size(), nullptr);
    return;
  }
  outgoing_[id].begun = true;
  nghttp2_submit_response(session_, static_cast<std::int32_t>(id), kResponse.data(),
                          kResponse.size(), &body);
}

void Nghttp2Peer::send() {
  static constexpr std::size_t kSizes[] = {0, 1, 100, 3000, 16384, 40000};
  const std::uint32_t id = any_stream();
  if (id == 0 || outgoing_[id].last || !outgoing_[id].begun) return;
  outgoing_[id].left += input_.one_of(kSizes);
  if (outgoing_[id].left > 500000) outgoing_[id].left = 500000;
  resume(id);
}

void Nghttp2Peer::end(std::uint32_t id, bool trailers) {
  if (id == 0 || outgoing_[id].last || !outgoing_[id].begun) return;
  outgoing_[id].last = true;
  outgoing_[id].trailers = trailers;
  resume(id);
}

void Nghttp2Peer::resume(std::uint32_t id) {
  if (!std::exchange(outgoing_[id].deferred, false)) return;
  nghttp2_session_resume_data(session_, static_cast<std::int32_t>(id));
}

void Nghttp2Peer::finish() {
  for (const auto& [id, stream] : streams_) {
    if (stream.closed) continue;
    if (!is_client_ && !outgoing_[id].begun) {
      outgoing_[id] = {.last = true, .trailers = true, .begun = true};
      nghttp2_data_provider body{};
      body.read_callback = &Callbacks::read;
      nghttp2_submit_response(session_, static_cast<std::int32_t>(id), kResponse.data(),
                              kResponse.size(), &body);
    }
    // Against a window of one byte much would take its time.
    outgoing_[id].left = std::min<std::size_t>(outgoing_[id].left, 300);
    end(id, false);
    // The initial window may be 0, and then credit comes by itself for nothing.
    nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, static_cast<std::int32_t>(id),
                                 100000);
  }
  nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, 0, 100000);
}

}  // namespace weft::fuzz
