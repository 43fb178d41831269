// What TLS costs: a handshake of both sides, and a message from one end to the other, against the
// same without TLS. Streams in memory, one thread, no waiting.

#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>

#include <benchmark/benchmark.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/socket/memory_stream.h"
#include "weft/net/tls/tls.h"
#include "weft/testing/certificates.h"

namespace weft::net {
namespace {

using StreamResult = Result<std::unique_ptr<Stream>>;

template <class T>
std::shared_ptr<T> must(Result<std::shared_ptr<T>> made) {
  if (!made) throw std::runtime_error(made.status().to_string());
  return std::move(made).value();
}

/// Both ends of a connection, and what they were made with.
struct Ends {
  Ends() {
    const testing::CertificateAuthority ca;
    const testing::CertificateText text = ca.server({.dns = {"server.test"}});
    server = must(TlsServerContext::create({.certificates = {{text.certificate, text.key}}}));
    client = must(TlsClientContext::create({.ca = ca.certificate()}));
  }

  void connect(TlsClientContext& by) {
    auto [near, far] = memory_pair(loop, loop);
    Task<StreamResult> connecting = by.connect(std::move(near), "server.test");
    Task<StreamResult> accepting = server->accept(std::move(far));
    left = 2;
    const coro::DoneCallback done{.function =
                                      [](void* self) noexcept {
                                        auto& ends = *static_cast<Ends*>(self);
                                        if (--ends.left == 0) ends.loop.stop();
                                      },
                                  .argument = this};
    loop.enter([&] {
      accepting.start(nullptr, done);
      connecting.start(nullptr, done);
    });
    if (left > 0) loop.run();
    a = std::move(connecting.take()).value();
    b = std::move(accepting.take()).value();
    // The tickets, which come behind the handshake.
    send(1);
  }

  void send(std::size_t size) {
    const iovec slice{.iov_base = message.data(), .iov_len = size};
    for (Stream* from : {b.get(), a.get()}) {
      Stream* to = from == a.get() ? b.get() : a.get();
      if (from->write({&slice, 1}).size != size) throw std::runtime_error("not written");
      std::size_t read = 0;
      while (read < size) read += to->read({buffer.data() + read, buffer.size() - read}).size;
    }
  }

  AsioLoop loop;
  std::shared_ptr<TlsServerContext> server;
  std::shared_ptr<TlsClientContext> client;
  std::unique_ptr<Stream> a;
  std::unique_ptr<Stream> b;
  std::string message = std::string(std::size_t{64} << 10, 'x');
  std::string buffer = std::string(std::size_t{64} << 10, '\0');
  int left = 0;
};

void full_handshake(benchmark::State& state) {
  const testing::CertificateAuthority ca;
  const testing::CertificateText text = ca.server({.dns = {"server.test"}});
  Ends ends;
  ends.server = must(TlsServerContext::create({.certificates = {{text.certificate, text.key}}}));
  // An insecure client resumes nothing.
  const auto client = must(TlsClientContext::create({.insecure = true}));
  for (auto _ : state) ends.connect(*client);
}
BENCHMARK(full_handshake)->Unit(benchmark::kMicrosecond);

void resumed_handshake(benchmark::State& state) {
  Ends ends;
  ends.connect(*ends.client);
  for (auto _ : state) ends.connect(*ends.client);
  if (!ends.a->tls()->resumed) state.SkipWithError("not resumed");
}
BENCHMARK(resumed_handshake)->Unit(benchmark::kMicrosecond);

void exchange(benchmark::State& state, bool tls) {
  Ends ends;
  if (tls) {
    ends.connect(*ends.client);
  } else {
    std::tie(ends.a, ends.b) = memory_pair(ends.loop, ends.loop);
  }
  const auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) ends.send(size);
  state.SetBytesProcessed(state.iterations() * 2 * state.range(0));
}
BENCHMARK_CAPTURE(exchange, tls, true)->Arg(64)->Arg(1024)->Arg(16384)->Arg(49152);
BENCHMARK_CAPTURE(exchange, plaintext, false)->Arg(64)->Arg(1024)->Arg(16384)->Arg(49152);

}  // namespace
}  // namespace weft::net
