#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "weft/http2/session/session.h"

// Unary calls as gRPC sends them, with no sockets and no handlers: what the protocol alone costs.
// Figures per exchange in README.md.

namespace weft::http2 {
namespace {

constexpr std::size_t kMessage = 5 + 64;  // gRPC's prefix and the message

const HeaderField kRequest[] = {
    {":method", "POST", Token::Method},
    {":scheme", "http", Token::Scheme},
    {":path", "/helloworld.Greeter/SayHello", Token::Path},
    {":authority", "127.0.0.1:50051", Token::Authority},
    {"content-type", "application/grpc", Token::ContentType},
    {"te", "trailers", Token::Te},
    {"user-agent", "weft/0.1", Token::UserAgent},
    {"grpc-accept-encoding", "identity,gzip", Token::GrpcAcceptEncoding},
};
const HeaderField kResponse[] = {
    {":status", "200", Token::Status},
    {"content-type", "application/grpc", Token::ContentType},
    {"grpc-accept-encoding", "identity,gzip", Token::GrpcAcceptEncoding},
};
const HeaderField kTrailers[] = {{"grpc-status", "0", Token::GrpcStatus}};

void write_message(Session& session, Stream& stream, bool end) {
  std::uint8_t* out = session.reserve_data(stream, kMessage);
  if (out == nullptr) std::abort();
  std::memset(out, 0, kMessage);
  session.commit_data(stream, kMessage, end);
}

struct EndBase : SessionHandler {
  void on_headers_too_large(Stream&, HeadersKind, bool) override {}
  void on_drained(Stream&) override {}
  void on_settings() override {}
  void on_ping_ack(std::uint64_t) override {}
  void on_ping() override {}
  void on_goaway(std::uint32_t, ErrorCode, std::string_view) override {}
  void on_connection_error(ErrorCode, const Status&) override { std::abort(); }

 protected:
  ~EndBase() = default;
};

struct ClientEnd final : EndBase {
  ClientEnd() : session({.role = Role::Client, .abuse = {}}, *this) {}
  void on_headers(Stream&, HeadersKind, HeaderFields fields, bool) override {
    benchmark::DoNotOptimize(fields.data());
  }
  void on_data(Stream& stream, BytesView data, bool) override {
    session.consumed(stream, data.size());
  }
  void on_stream_closed(Stream&, const StreamEnd&) override { ++closed; }
  void call() {
    Stream& stream = session.open_stream(kRequest, false, nullptr);
    write_message(session, stream, true);
  }
  std::size_t closed = 0;
  Session session;
};

struct ServerEnd final : EndBase {
  ServerEnd() : session(options(), *this) {}
  static SessionOptions options() {
    SessionOptions options;
    options.local.max_concurrent_streams = 10000;
    return options;
  }
  void on_headers(Stream&, HeadersKind, HeaderFields fields, bool) override {
    benchmark::DoNotOptimize(fields.data());
  }
  void on_data(Stream& stream, BytesView data, bool end) override {
    session.consumed(stream, data.size());
    if (end) ready.push_back(&stream);
  }
  void on_stream_closed(Stream&, const StreamEnd&) override {}
  /// As a turn of the loop does: the handlers run when the input has been parsed.
  void answer() {
    for (Stream* stream : ready) {
      session.send_headers(*stream, kResponse, false);
      write_message(session, *stream, false);
      session.send_headers(*stream, kTrailers, true);
    }
    ready.clear();
  }
  std::vector<Stream*> ready;
  Session session;
};

/// The output in one block, as a read from a socket would be.
Bytes take(OutputQueue& output) {
  ChunkRef chunk(Chunk::allocate(output.size()));
  char* out = chunk->data();
  while (!output.empty()) {
    iovec slices[16];
    std::size_t size = 0;
    for (std::size_t i = 0, n = output.gather(slices); i < n; ++i) {
      std::memcpy(out + size, slices[i].iov_base, slices[i].iov_len);
      size += slices[i].iov_len;
    }
    out += size;
    output.consume(size);
  }
  const char* data = chunk->data();
  const auto size = static_cast<std::size_t>(out - data);
  return Bytes(std::move(chunk), data, size);
}

__attribute__((noinline)) void serve(ServerEnd& server, const Bytes& input) {
  server.session.receive(input, TimePoint());
  server.answer();
}

void carry_prefaces(ClientEnd& client, ServerEnd& server) {
  server.session.receive(take(client.session.output()), TimePoint());
  client.session.receive(take(server.session.output()), TimePoint());
  server.session.receive(take(client.session.output()), TimePoint());
}

/// Client and server together, `range(0)` calls in flight.
void UnaryExchanges(benchmark::State& state) {
  ClientEnd client;
  ServerEnd server;
  carry_prefaces(client, server);
  for (auto _ : state) {
    for (int i = 0; i < state.range(0); ++i) client.call();
    serve(server, take(client.session.output()));
    client.session.receive(take(server.session.output()), TimePoint());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(UnaryExchanges)->Arg(1)->Arg(32)->Arg(100);

/// The server's part alone: 1000 calls whose bytes were made before, 32 in flight.
void ServerExchanges(benchmark::State& state) {
  constexpr int kRounds = 32;
  constexpr int kInFlight = 32;
  for (auto _ : state) {
    state.PauseTiming();
    auto client = std::make_unique<ClientEnd>();
    auto server = std::make_unique<ServerEnd>();
    carry_prefaces(*client, *server);
    std::vector<Bytes> inputs;
    for (int round = 0; round < kRounds; ++round) {
      for (int i = 0; i < kInFlight; ++i) client->call();
      inputs.push_back(take(client->session.output()));
    }
    state.ResumeTiming();
    for (const Bytes& input : inputs) {
      serve(*server, input);
      server->session.output().consume(server->session.output().size());
    }
  }
  state.SetItemsProcessed(state.iterations() * kRounds * kInFlight);
}
BENCHMARK(ServerExchanges);

/// One stream that carries `range(0)` bytes at a time.
void BulkData(benchmark::State& state) {
  ClientEnd client;
  ServerEnd server;
  carry_prefaces(client, server);
  Stream& stream = client.session.open_stream(kRequest, false, nullptr);
  const Bytes message = Bytes::copy_of(std::string(static_cast<std::size_t>(state.range(0)), 'x'));
  for (auto _ : state) {
    client.session.queue_data(stream, message, false);
    while (!client.session.output().empty()) {
      server.session.receive(take(client.session.output()), TimePoint());
      if (!server.session.output().empty()) {
        client.session.receive(take(server.session.output()), TimePoint());
      }
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BulkData)->Arg(1024)->Arg(64 * 1024)->Arg(1024 * 1024);

}  // namespace
}  // namespace weft::http2
