// The smallest correct echo that can be written on libnghttp2: real HPACK, streams and flow
// control, one thread, epoll; no routing and no protobuf. One write for everything that a read
// brought about.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <nghttp2/nghttp2.h>

#include "bench/peers/epoll_server.h"

namespace {

struct Exchange {
  std::string body;
  std::size_t sent = 0;
};

nghttp2_nv field(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

ssize_t read_body(nghttp2_session* session, std::int32_t stream, std::uint8_t* out,
                  std::size_t room, std::uint32_t* flags, nghttp2_data_source* source, void*) {
  auto& exchange = *static_cast<Exchange*>(source->ptr);
  const std::size_t size = std::min(room, exchange.body.size() - exchange.sent);
  std::memcpy(out, exchange.body.data() + exchange.sent, size);
  exchange.sent += size;
  if (exchange.sent == exchange.body.size()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const nghttp2_nv trailers[] = {field("grpc-status", "0")};
    nghttp2_submit_trailer(session, stream, trailers, 1);
  }
  return static_cast<ssize_t>(size);
}

void answer(nghttp2_session* session, std::int32_t stream, Exchange& exchange) {
  const nghttp2_nv headers[] = {field(":status", "200"), field("content-type", "application/grpc")};
  nghttp2_data_provider provider{};
  provider.source.ptr = &exchange;
  provider.read_callback = read_body;
  nghttp2_submit_response(session, stream, headers, 2, &provider);
}

nghttp2_session_callbacks* make_callbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session* session, const nghttp2_frame* frame, void*) {
        return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, new Exchange);
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session* session, std::uint8_t, std::int32_t stream,
                    const std::uint8_t* data, std::size_t size, void*) {
        auto* exchange =
            static_cast<Exchange*>(nghttp2_session_get_stream_user_data(session, stream));
        exchange->body.append(reinterpret_cast<const char*>(data), size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session* session, const nghttp2_frame* frame, void*) {
        const bool message = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
        if (!message || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
        auto* exchange = static_cast<Exchange*>(
            nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
        if (exchange != nullptr) answer(session, frame->hd.stream_id, *exchange);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session* session, std::int32_t stream, std::uint32_t, void*) {
        delete static_cast<Exchange*>(nghttp2_session_get_stream_user_data(session, stream));
        return 0;
      });
  return callbacks;
}

class Nghttp2 {
 public:
  Nghttp2() {
    static nghttp2_session_callbacks* const callbacks = make_callbacks();
    nghttp2_session_server_new(&session_, callbacks, nullptr);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1U << 24}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, 1 << 24);
  }
  Nghttp2(const Nghttp2&) = delete;
  Nghttp2& operator=(const Nghttp2&) = delete;
  ~Nghttp2() { nghttp2_session_del(session_); }

  bool take(std::string_view input, std::string& output) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(input.data());
    if (nghttp2_session_mem_recv(session_, bytes, input.size()) < 0) return false;
    for (;;) {
      const std::uint8_t* data = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &data);
      if (size <= 0) return size == 0;
      output.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    }
  }

 private:
  nghttp2_session* session_ = nullptr;
};

}  // namespace

int main(int argc, char* argv[]) { bench::serve<Nghttp2>(argc, argv); }
