#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "weft/coro/task.h"
#include "weft/http2/hpack/hpack.h"
#include "weft/http2/session/session.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/grpc/deframer.h"
#include "weft/rpc/grpc/grpc_wire.h"

#include "bench/instructions/operation.h"

namespace bench {
namespace {

using weft::Bytes;
using weft::Task;
using weft::http2::HeaderField;
using weft::http2::Token;

void require(bool holds) {
  if (!holds) std::abort();
}

// ---- coroutines ---------------------------------------------------------------------------------

Task<int> child(int value) { co_return value + 1; }

Task<int> await_children(unsigned times) {
  int value = 0;
  for (unsigned i = 0; i < times; ++i) value = co_await child(value);
  co_return value;
}

void await_a_child(unsigned times) {
  Task<int> task = await_children(times);
  task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr});
  require(task.take() == static_cast<int>(times));
}

// ---- HPACK --------------------------------------------------------------------------------------

const std::array<HeaderField, 8> kRequest = {{
    {":method", "POST", Token::Method},
    {":scheme", "http", Token::Scheme},
    {":path", "/perf.Echo/Unary", Token::Path},
    {":authority", "127.0.0.1:50051", Token::Authority},
    {"content-type", "application/grpc", Token::ContentType},
    {"te", "trailers", Token::Te},
    {"user-agent", "weft/0.1", Token::UserAgent},
    {"grpc-accept-encoding", "identity,gzip", Token::GrpcAcceptEncoding},
}};

void encode_a_request(unsigned times) {
  weft::http2::HpackEncoder encoder;
  std::vector<std::uint8_t> out(encoder.bound(kRequest));
  for (unsigned i = 0; i < times; ++i) encoder.encode(kRequest, out.data());
}

/// The second block of a connection: every field is in the table.
void decode_a_request(unsigned times) {
  weft::http2::HpackEncoder encoder;
  weft::http2::HpackDecoder decoder({});
  std::vector<std::uint8_t> out(encoder.bound(kRequest));
  const std::uint8_t* end = encoder.encode(kRequest, out.data());
  require(decoder.decode({out.data(), end}) == weft::http2::HpackDecoder::Outcome::Ok);
  end = encoder.encode(kRequest, out.data());
  for (unsigned i = 0; i < times; ++i) {
    require(decoder.decode({out.data(), end}) == weft::http2::HpackDecoder::Outcome::Ok);
  }
}

/// A literal in Huffman's code that enters no table, as nghttp2's encoder sends :path.
void decode_a_literal(unsigned times) {
  weft::http2::HpackDecoder decoder({});
  const std::array<HeaderField, 1> path = {{{":path", "/perf.Echo/Unary", Token::Path}}};
  weft::http2::HpackEncoder encoder;
  std::vector<std::uint8_t> out(encoder.bound(path));
  const std::uint8_t* end = encoder.encode(path, out.data());
  // Ours writes Huffman's code into the table only: the same literal, but not for the table.
  require(out[0] == 0x44);
  out[0] = 0x04;
  for (unsigned i = 0; i < times; ++i) {
    require(decoder.decode({out.data(), end}) == weft::http2::HpackDecoder::Outcome::Ok);
  }
}

// ---- the session --------------------------------------------------------------------------------

constexpr std::size_t kMessage = weft::rpc::kMessagePrefix + 64;

struct End : weft::http2::SessionHandler {
  explicit End(weft::http2::Role role) : session({.role = role, .abuse = {}}, *this) {}
  virtual ~End() = default;
  void on_headers(weft::http2::Stream&, weft::http2::HeadersKind, weft::http2::HeaderFields,
                  bool) override {}
  void on_data(weft::http2::Stream& stream, weft::BytesView data, bool) override {
    session.consumed(stream, data.size());
  }
  void on_stream_closed(weft::http2::Stream&, const weft::http2::StreamEnd&) override {}
  void on_headers_too_large(weft::http2::Stream&, weft::http2::HeadersKind, bool) override {}
  void on_drained(weft::http2::Stream&) override {}
  void on_settings() override {}
  void on_ping_ack(std::uint64_t) override {}
  void on_ping() override {}
  void on_goaway(std::uint32_t, weft::http2::ErrorCode, std::string_view) override {}
  void on_connection_error(weft::http2::ErrorCode, const weft::Status&) override { std::abort(); }

  void send(weft::http2::Stream& stream, bool end) {
    std::uint8_t* out = session.reserve_data(stream, kMessage);
    require(out != nullptr);
    std::memset(out, 0, kMessage);
    session.commit_data(stream, kMessage, end);
  }
  /// What it has to send goes to `other`.
  void flush_to(End& other) {
    weft::http2::OutputQueue& output = session.output();
    std::array<iovec, 16> slices;
    const std::size_t count = output.gather(slices);
    weft::ChunkRef block(weft::Chunk::allocate(output.size()));
    char* at = block->data();
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(at, slices[i].iov_base, slices[i].iov_len);
      at += slices[i].iov_len;
    }
    const auto size = static_cast<std::size_t>(at - block->data());
    const char* data = block->data();
    output.consume(size);
    require(other.session.receive(Bytes(std::move(block), data, size), weft::TimePoint()));
  }
  weft::http2::Session session;
};

struct ServerEnd final : End {
  ServerEnd() : End(weft::http2::Role::Server) {}
  void on_data(weft::http2::Stream& stream, weft::BytesView data, bool end) override {
    End::on_data(stream, data, end);
    static const std::array<HeaderField, 2> headers = {
        {{":status", "200", Token::Status},
         {"content-type", "application/grpc", Token::ContentType}}};
    static const std::array<HeaderField, 1> trailers = {{{"grpc-status", "0", Token::GrpcStatus}}};
    session.send_headers(stream, headers, usual_headers, false);
    send(stream, false);
    session.send_headers(stream, trailers, usual_trailers, true);
  }
  weft::http2::FixedBlock usual_headers;
  weft::http2::FixedBlock usual_trailers;
};

/// One unary call through both sessions, without anything of gRPC.
void exchange_frames(unsigned times) {
  End client(weft::http2::Role::Client);
  ServerEnd server;
  client.flush_to(server);
  server.flush_to(client);
  for (unsigned i = 0; i < times; ++i) {
    client.send(client.session.open_stream(kRequest, false, nullptr), true);
    client.flush_to(server);
    server.flush_to(client);
  }
}

// ---- gRPC's framing and metadata ----------------------------------------------------------------

void cut_a_message(unsigned times) {
  std::string framed(kMessage, 'x');
  weft::rpc::write_message_prefix(reinterpret_cast<std::uint8_t*>(framed.data()), false, 64);
  const Bytes bytes = Bytes::copy_of(framed);
  for (unsigned i = 0; i < times; ++i) {
    weft::rpc::Deframer deframer(1024);
    require(deframer.push(bytes).ok());
    weft::rpc::Deframer::Item item;
    require(deframer.pop(item) && item.bytes.size() == 64);
  }
}

void read_metadata(unsigned times) {
  const HeaderField fields[] = {{"x-tenant", "blue"}, {"x-trace-bin", "AAECAwQFBgcICQoLDA0ODw"}};
  for (unsigned i = 0; i < times; ++i) {
    weft::Metadata metadata;
    for (const HeaderField& field : fields) {
      require(weft::rpc::add_received(field, metadata, SIZE_MAX) == weft::rpc::Received::Taken);
    }
    require(metadata.get("x-tenant") == "blue");
  }
}

constexpr std::array<Operation, 7> kOperations{{
    {"task_child", await_a_child},
    {"hpack_encode_request", encode_a_request},
    {"hpack_decode_request", decode_a_request},
    {"hpack_decode_literal", decode_a_literal},
    {"session_exchange", exchange_frames},
    {"message_cut", cut_a_message},
    {"metadata_read", read_metadata},
}};

}  // namespace

std::span<const Operation> piece_operations() { return kOperations; }

}  // namespace bench
