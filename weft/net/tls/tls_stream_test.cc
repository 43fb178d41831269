// The stream of TLS as a stream: over difficult networks, with little room, ended at any time.

#include <algorithm>
#include <array>
#include <cstdint>
#include <thread>

#include <gtest/gtest.h>

#include "weft/net/loop/loop_thread.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/net/socket/fault_stream.h"
#include "weft/net/tls/internal/test_tls.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::Accepting;
using test::as_option;
using test::Beside;
using test::Handshake;
using test::read_exactly;
using test::read_some;
using test::read_to_end;
using test::run;
using test::shake;
using test::StreamResult;
using test::write_all;

std::string random_bytes(Rng& rng, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(rng());
  return bytes;
}

Task<Status> send_and_end(Stream& stream, std::string data) {
  const Status status = co_await write_all(stream, std::move(data));
  stream.shutdown_write();
  co_return status;
}

/// Sends and reads at once on one stream, until all is sent and the peer has ended.
class Duplex final : public StreamHandler {
 public:
  Duplex(Stream& stream, std::string to_send) : stream_(stream), to_send_(std::move(to_send)) {
    stream_.set_handler(this);
    stream_.want_read();
    on_writable();
  }
  ~Duplex() { stream_.set_handler(nullptr); }

  /// What was received, or the first error.
  Task<Result<std::string>> result() {
    const Status status = co_await done_;
    if (!status.ok()) co_return status;
    co_return received_;
  }

 private:
  void on_readable() noexcept override {
    std::array<char, 5000> buffer;
    while (true) {
      IoResult result = stream_.read(buffer);
      if (result.kind == IoResult::Kind::Failed) return done_.complete(std::move(result.error));
      if (result.kind == IoResult::Kind::End) {
        ended_ = true;
        return finish();
      }
      if (result.kind == IoResult::Kind::WouldBlock) return stream_.want_read();
      received_.append(buffer.data(), result.size);
    }
  }
  void on_writable() noexcept override {
    while (sent_ < to_send_.size()) {
      const iovec slice{.iov_base = to_send_.data() + sent_, .iov_len = to_send_.size() - sent_};
      IoResult result = stream_.write({&slice, 1});
      if (result.kind == IoResult::Kind::Failed) return done_.complete(std::move(result.error));
      if (result.kind == IoResult::Kind::WouldBlock) return stream_.want_write();
      sent_ += result.size;
    }
    stream_.shutdown_write();
    finish();
  }
  void finish() {
    if (ended_ && sent_ == to_send_.size()) done_.complete();
  }

  Stream& stream_;
  std::string to_send_;
  std::string received_;
  std::size_t sent_ = 0;
  bool ended_ = false;
  Wait done_{*Loop::current()};
};

/// Sends both ways at once and checks what arrives.
Task<Status> exchange(Stream& a, Stream& b, std::string to_b, std::string to_a) {
  Duplex at_a(a, to_b);
  Duplex at_b(b, to_a);
  const Result<std::string> received_a = co_await at_a.result();
  const Result<std::string> received_b = co_await at_b.result();
  if (!received_a) co_return received_a.status();
  if (!received_b) co_return received_b.status();
  EXPECT_TRUE(*received_a == to_a);
  EXPECT_TRUE(*received_b == to_b);
  co_return ok_status();
}

/// Runs a task on the simulated network until it ends.
template <class T>
T run(SimNetwork& network, Loop& loop, Task<T> task) {
  loop.enter(
      [&] { task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  if (!network.run_while_not([&] { return task.done(); })) {
    throw std::runtime_error("the task did not end");
  }
  return task.take();
}

struct TlsStreams : test::TlsPair {
  Handshake faulty_pair(std::uint64_t seed, const FaultOptions& faults, std::size_t capacity) {
    if (server_context == nullptr) make_contexts();
    auto [a, b] = memory_pair(loop, loop, capacity);
    return run(loop, shake(client_context, server_context,
                           std::make_unique<FaultStream>(std::move(a), loop, seed, faults),
                           std::make_unique<FaultStream>(std::move(b), loop, seed + 1, faults),
                           "greeter.test"));
  }
};

TEST_F(TlsStreams, SurviveShortReadsAndWritesAndLateReadiness) {
  const FaultOptions faults{
      .short_read = 0.5, .short_write = 0.5, .would_block = 0.2, .delay = 50us};
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    client_test.max_version = seed % 2 == 0 ? TLS1_2_VERSION : 0;
    make_contexts();
    Handshake both = faulty_pair(seed * 100, faults, 1 + rng.below(5000));
    ASSERT_EQ(both.client_error(), "ok");
    ASSERT_EQ(both.server_error(), "ok");
    const Status status = run(loop, exchange(both.a(), both.b(), random_bytes(rng, 20000),
                                             random_bytes(rng, rng.below(60000))));
    EXPECT_EQ(status.to_string(), "OK");
  }
}

TEST_F(TlsStreams, CarryMuchBothWaysAtOnceThroughNarrowPipes) {
  Rng rng(3);
  for (const std::size_t capacity : {std::size_t{1000}, kMemoryStreamCapacity}) {
    Handshake both = faulty_pair(1, {}, capacity);
    ASSERT_EQ(both.client_error(), "ok");
    const std::size_t size = capacity == 1000 ? 300000 : 3000000;
    EXPECT_TRUE(
        run(loop, exchange(both.a(), both.b(), random_bytes(rng, size), random_bytes(rng, size)))
            .ok());
  }
}

TEST_F(TlsStreams, TakeABoundedAmountWhileThePeerDoesNotRead) {
  Handshake both = faulty_pair(1, {}, 1000);
  ASSERT_EQ(both.client_error(), "ok");
  std::string block(std::size_t{1} << 20, 'x');
  const iovec slice{.iov_base = block.data(), .iov_len = block.size()};
  std::size_t taken = 0;
  IoResult result;
  while ((result = both.a().write({&slice, 1})).kind == IoResult::Kind::Done) taken += result.size;
  EXPECT_EQ(result.kind, IoResult::Kind::WouldBlock);
  EXPECT_GE(taken, std::size_t{32} << 10);
  EXPECT_LE(taken, std::size_t{65} << 10);
}

TEST_F(TlsStreams, GatherSmallSlicesIntoOneRecord) {
  make_contexts();
  auto [a, b] = memory_pair(loop, loop);
  Handshake both =
      run(loop, shake(client_context, server_context, std::move(a), std::move(b), "greeter.test"));
  ASSERT_EQ(both.client_error(), "ok");
  std::array<iovec, 40> slices{};
  std::string text(40, '\0');
  for (std::size_t i = 0; i < slices.size(); ++i) {
    text[i] = static_cast<char>('0' + i);
    slices[i] = {.iov_base = &text[i], .iov_len = i % 7 == 0 ? 0U : 1U};
  }
  EXPECT_EQ(both.a().write(slices).size, 34U);
  // A read gives at most what it has room for; a record's rest is told of again.
  EXPECT_EQ(run(loop, read_some(both.b(), 10))->size(), 10U);
  EXPECT_EQ(run(loop, read_some(both.b(), 1000))->size(), 24U);
}

/// Takes so many bytes more, and fails then.
class BreakingStream final : public Stream {
 public:
  explicit BreakingStream(std::unique_ptr<Stream> inner) : inner_(std::move(inner)) {}
  void break_after(std::size_t bytes) { left_ = bytes; }

  void set_handler(StreamHandler* handler) noexcept override { inner_->set_handler(handler); }
  IoResult read(std::span<char> into) noexcept override { return inner_->read(into); }
  IoResult write(std::span<const iovec> slices) noexcept override {
    if (left_ == 0) {
      return {.kind = IoResult::Kind::Failed, .size = 0, .error = unavailable("broken")};
    }
    iovec first = slices.front();
    first.iov_len = std::min(first.iov_len, left_);
    IoResult result = inner_->write({&first, 1});
    left_ -= result.size;
    return result;
  }
  void want_read() noexcept override { inner_->want_read(); }
  void want_write() noexcept override { inner_->want_write(); }
  void shutdown_write() noexcept override { inner_->shutdown_write(); }
  void close() noexcept override { inner_->close(); }
  const Address& local_address() const noexcept override { return inner_->local_address(); }
  const Address& peer_address() const noexcept override { return inner_->peer_address(); }

 private:
  std::unique_ptr<Stream> inner_;
  std::size_t left_ = SIZE_MAX;
};

// Who writes takes a write that fails for one of which the peer has nothing.
TEST_F(TlsStreams, DoNotFailAWriteOfWhichSomethingHasLeft) {
  make_contexts();
  const std::string data(std::size_t{100} << 10, 'x');
  const iovec slice{.iov_base = const_cast<char*>(data.data()), .iov_len = data.size()};
  for (const std::size_t room : {0U, 50000U}) {
    auto [a, b] = memory_pair(loop, loop, std::size_t{1} << 20);
    auto breaking = std::make_unique<BreakingStream>(std::move(a));
    BreakingStream& raw = *breaking;
    Handshake both = run(loop, shake(client_context, server_context, std::move(breaking),
                                     std::move(b), "greeter.test"));
    ASSERT_EQ(both.client_error(), "ok");
    raw.break_after(room);
    const IoResult first = both.a().write({&slice, 1});
    EXPECT_EQ(first.kind, room == 0 ? IoResult::Kind::Failed : IoResult::Kind::Done);
    EXPECT_EQ(first.size > 0, room != 0);
    const IoResult second = both.a().write({&slice, 1});
    EXPECT_EQ(second.kind, IoResult::Kind::Failed);
    EXPECT_EQ(second.error.message(), "broken");
  }
}

/// Counts what it is told.
struct Counting final : StreamHandler {
  void on_readable() noexcept override { ++readable; }
  void on_writable() noexcept override { ++writable; }
  int readable = 0;
  int writable = 0;
};

TEST_F(TlsStreams, ReportBufferedBytesOncePerRequestInALaterTurn) {
  Handshake both = shake_hands();
  ASSERT_EQ(both.client_error(), "ok");
  ASSERT_TRUE(run(loop, write_all(both.a(), "0123456789")).ok());
  ASSERT_EQ(run(loop, read_some(both.b(), 1))->size(), 1U);
  Counting counting;
  loop.enter([&] {
    both.b().set_handler(&counting);
    both.b().want_read();
    both.b().want_read();
    both.b().want_write();
    EXPECT_EQ(counting.readable, 0);
  });
  EXPECT_TRUE(run(loop, sleep(1ms)).ok());
  EXPECT_EQ(counting.readable, 1);
  EXPECT_EQ(counting.writable, 1);
  both.b().set_handler(nullptr);
}

TEST_F(TlsStreams, DeliverWhatWasTakenAlsoWhenClosedAtOnce) {
  Handshake both = faulty_pair(1, {}, 1000);
  ASSERT_EQ(both.client_error(), "ok");
  const std::string text(30000, 'x');
  const iovec slice{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  EXPECT_EQ(both.a().write({&slice, 1}).size, text.size());
  both.client = Status(unknown_error("closed"));
  const Result<std::string> received = run(loop, read_to_end(both.b()));
  EXPECT_TRUE(received.ok() && *received == text);
}

TEST_F(TlsStreams, TakeAnEndWithoutCloseNotifyForAnEnd) {
  make_contexts();
  auto [a, b] = memory_pair(loop, loop);
  Stream* raw = a.get();
  Handshake both =
      run(loop, shake(client_context, server_context, std::move(a), std::move(b), "greeter.test"));
  ASSERT_EQ(both.client_error(), "ok");
  raw->shutdown_write();
  EXPECT_EQ(*run(loop, read_to_end(both.b())), "");
}

TEST_F(TlsStreams, FailWhereTheirBytesAreTamperedWith) {
  make_contexts();
  auto [a, b] = memory_pair(loop, loop);
  Stream* raw = a.get();
  Handshake both =
      run(loop, shake(client_context, server_context, std::move(a), std::move(b), "greeter.test"));
  ASSERT_EQ(both.client_error(), "ok");
  const std::string forged = std::string("\x17\x03\x03\0\x20", 5) + std::string(32, 'x');
  ASSERT_TRUE(run(loop, write_all(*raw, forged)).ok());
  const Result<std::string> read = run(loop, read_some(both.b()));
  EXPECT_EQ(read.status().to_string(),
            "UNAVAILABLE: memory:first: TLS: decryption failed or bad record mac");
  const Result<std::string> peer = run(loop, read_to_end(both.a()));
  EXPECT_EQ(peer.status().to_string(),
            "UNAVAILABLE: memory:second: the server ended TLS (alert \"bad record mac\")");
}

TEST_F(TlsStreams, AnswerKeyUpdatesInBothDirections) {
  Handshake both = shake_hands();
  ASSERT_EQ(both.client_error(), "ok");
  auto* ssl = const_cast<SSL*>(static_cast<internal::TlsStream&>(both.a()).ssl());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_TRUE(run(loop, write_all(both.a(), "there")).ok());
    EXPECT_EQ(*run(loop, read_exactly(both.b(), 5)), "there");
    ASSERT_TRUE(run(loop, write_all(both.b(), "back")).ok());
    EXPECT_EQ(*run(loop, read_exactly(both.a(), 4)), "back");
  }
}

TEST_F(TlsStreams, EndAPeerThatOnlySendsKeyUpdates) {
  for (const int kind : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
    Handshake both = shake_hands();
    ASSERT_EQ(both.client_error(), "ok");
    auto* ssl = const_cast<SSL*>(static_cast<internal::TlsStream&>(both.a()).ssl());
    int updates = 0;
    IoResult read;
    std::array<char, 100> buffer;
    for (; updates < 10000 && read.kind == IoResult::Kind::WouldBlock; ++updates) {
      ASSERT_EQ(SSL_key_update(ssl, kind), 1);
      ASSERT_EQ(SSL_do_handshake(ssl), 1);
      (void)both.a().write({});
      read = both.b().read(buffer);
      if (updates % 100 == 0) (void)both.a().read(buffer);
    }
    EXPECT_EQ(read.error.to_string(),
              "UNAVAILABLE: memory:first: more than 65536 bytes of TLS messages without data");
    EXPECT_GT(updates, 2000);
    EXPECT_LT(updates, 3500);
  }
}

TEST_F(TlsStreams, MayBeClosedInTheirOwnCallbacks) {
  struct Closing final : StreamHandler {
    void on_readable() noexcept override { stream.reset(); }
    void on_writable() noexcept override { stream.reset(); }
    std::unique_ptr<Stream> stream;
  };
  for (const bool reading : {true, false}) {
    for (const bool buffered : {true, false}) {
      Handshake both = shake_hands();
      ASSERT_EQ(both.client_error(), "ok");
      ASSERT_TRUE(run(loop, write_all(both.a(), "0123456789")).ok());
      if (buffered) {
        ASSERT_TRUE(run(loop, read_some(both.b(), 1)).ok());
      }
      Closing closing;
      closing.stream = std::move(both.server).value();
      closing.stream->set_handler(&closing);
      loop.enter([&] { reading ? closing.stream->want_read() : closing.stream->want_write(); });
      EXPECT_TRUE(run(loop, sleep(1ms)).ok());
      EXPECT_EQ(closing.stream, nullptr);
    }
  }
}

TEST_F(TlsStreams, MayBeDestroyedAtAnyMoment) {
  make_contexts();
  const FaultOptions faults{
      .short_read = 0.5, .short_write = 0.5, .would_block = 0.1, .delay = 1ms};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SimNetwork network(seed);
    SimLoop& host = network.host("host");
    auto [a, b] = memory_pair(host, host, 500 + 100 * seed);
    struct Everything {
      Everything(TlsPair& pair, std::unique_ptr<Stream> a, std::unique_ptr<Stream> b)
          : task(shake(pair.client_context, pair.server_context, std::move(a), std::move(b),
                       "greeter.test")) {}
      Task<Handshake> task;
      Handshake both;
      std::unique_ptr<Beside<Status>> exchanging;
    };
    auto all = std::make_unique<Everything>(
        *this, std::make_unique<FaultStream>(std::move(a), host, seed, faults),
        std::make_unique<FaultStream>(std::move(b), host, seed + 1000, faults));
    host.enter([&] {
      all->task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr});
    });
    // Most end in the middle of the handshake, the others in the middle of an exchange.
    for (std::uint64_t step = 0; step < seed * 4 && network.step(); ++step) {
      if (!all->task.done() || all->exchanging != nullptr) continue;
      all->both = all->task.take();
      ASSERT_EQ(all->both.client_error(), "ok");
      host.enter([&] {
        all->exchanging = std::make_unique<Beside<Status>>(
            exchange(all->both.a(), all->both.b(), std::string(50000, 'a'), std::string(9, 'b')));
      });
    }
    all.reset();
    network.run_until_idle();
  }
}

TEST_F(TlsStreams, EndWithTheErrorOfAResetConnection) {
  for (std::uint64_t reset_after = 0; reset_after < 12000; reset_after += 500) {
    Handshake both = faulty_pair(reset_after, {.reset_after = reset_after}, 5000);
    if (!both.client.ok()) {
      EXPECT_NE(both.client_error().find("memory:second: "), std::string::npos);
      continue;
    }
    if (!both.server.ok()) continue;
    const Result<std::string> read =
        run(loop, [](Stream& a, Stream& b) -> Task<Result<std::string>> {
          Beside<Status> writing(send_and_end(a, std::string(20000, 'x')));
          Result<std::string> received = co_await read_to_end(b);
          // Ends the writer too, where it waits.
          b.close();
          (void)co_await writing.result();
          co_return received;
        }(both.a(), both.b()));
    if (read.ok()) {
      EXPECT_LT(read->size(), 20000U);
    }
  }
}

TEST_F(TlsStreams, WorkOnASimulatedNetworkInVirtualTime) {
  make_contexts();
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SimNetwork network(seed, {.window = 4000, .loss = 0.02});
    SimLoop& here = network.host("client");
    Accepting accepting;
    const Result<Address> bound =
        accepting.start(network.host("server"), Address::memory("server", 443));
    ASSERT_TRUE(bound.ok());
    Beside<StreamResult>* accepted = nullptr;
    std::unique_ptr<Beside<StreamResult>> keep;
    network.host("server").enter([&] {
      keep = std::make_unique<Beside<StreamResult>>(
          [](Accepting& from, TlsServerContext& context) -> Task<StreamResult> {
            std::unique_ptr<Stream> raw = co_await from.next();
            co_return co_await context.accept(std::move(raw));
          }(accepting, *server_context));
      accepted = keep.get();
    });
    StreamResult client =
        run(network, here,
            [](SimLoop& loop, Address to, TlsClientContext& context) -> Task<StreamResult> {
              StreamResult raw = co_await loop.connect(to);
              if (!raw) co_return raw.status();
              co_return co_await context.connect(std::move(raw).value(), "greeter.test");
            }(here, *bound, *client_context));
    ASSERT_TRUE(client.ok()) << client.status().to_string();
    ASSERT_TRUE(network.run_while_not([&] { return accepted->task.done(); }));
    StreamResult server = accepted->task.take();
    ASSERT_TRUE(server.ok()) << server.status().to_string();
    network.host("server").enter([&] {
      const std::string text(20000, 's');
      const iovec slice{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
      EXPECT_EQ((*server)->write({&slice, 1}).size, text.size());
      (*server)->close();
    });
    const Result<std::string> received = run(network, here, read_to_end(**client));
    EXPECT_TRUE(received.ok() && *received == std::string(20000, 's'))
        << received.status().to_string();
  }
}

TEST_F(TlsStreams, WorkOnSocketsBetweenThreads) {
  make_contexts();
  AsioLoop client_loop;
  LoopThread server_thread;
  Rng rng(11);
  const std::string data = random_bytes(rng, 3000000);
  std::unique_ptr<Accepting> accepting;
  const Result<Address> bound = run_blocking(
      server_thread.loop(), [](std::unique_ptr<Accepting>& made) -> Task<Result<Address>> {
        made = std::make_unique<Accepting>();
        co_return made->start(*Loop::current(), *Address::ip("127.0.0.1", 0));
      }(accepting));
  ASSERT_TRUE(bound.ok());
  std::thread echo([&] {
    const Status status = run_blocking(
        server_thread.loop(), [](Accepting& from, TlsServerContext& context) -> Task<Status> {
          std::unique_ptr<Stream> raw = co_await from.next();
          StreamResult stream = co_await context.accept(std::move(raw));
          if (!stream) co_return stream.status();
          const Result<std::string> all = co_await read_to_end(**stream);
          if (!all) co_return all.status();
          const Status sent = co_await send_and_end(**stream, *all);
          (void)co_await read_to_end(**stream);
          co_return sent;
        }(*accepting, *server_context));
    EXPECT_EQ(status.to_string(), "OK");
  });
  const Result<std::string> echoed =
      run(client_loop,
          [](Address to, TlsClientContext& context, std::string text) -> Task<Result<std::string>> {
            StreamResult raw = co_await Loop::current()->connect(to);
            if (!raw) co_return raw.status();
            StreamResult stream = co_await context.connect(std::move(raw).value(), "greeter.test");
            if (!stream) co_return stream.status();
            Duplex both_ways(**stream, std::move(text));
            co_return co_await both_ways.result();
          }(*bound, *client_context, data));
  EXPECT_TRUE(echoed.ok() && *echoed == data) << echoed.status().to_string();
  echo.join();
  (void)run_blocking(server_thread.loop(), [](std::unique_ptr<Accepting>& made) -> Task<Status> {
    made.reset();
    co_return ok_status();
  }(accepting));
}

TEST_F(TlsStreams, EndAHandshakeAtItsDeadlineWithTheReason) {
  make_contexts();
  SimNetwork network(1);
  SimLoop& host = network.host("host");
  Context context;
  context.limit_deadline(host.now() + 5s);
  {
    auto [a, b] = memory_pair(host, host);
    const StreamResult silent_client =
        run(network, host, server_context->accept(std::move(b)).in(context));
    EXPECT_EQ(silent_client.status().to_string(),
              "UNAVAILABLE: memory:first: timed out while the client's TLS hello was awaited");
  }
  Context again;
  again.limit_deadline(host.now() + 5s);
  auto [a, b] = memory_pair(host, host);
  const StreamResult silent_server =
      run(network, host, client_context->connect(std::move(a), "greeter.test").in(again));
  EXPECT_EQ(silent_server.status().to_string(),
            "UNAVAILABLE: memory:second: timed out during the TLS handshake, while the server's "
            "hello was awaited");
}

TEST_F(TlsStreams, EndAHandshakeThatIsCancelled) {
  make_contexts();
  SimNetwork network(1);
  SimLoop& host = network.host("host");
  Context context;
  auto [a, b] = memory_pair(host, host);
  Task<StreamResult> task = client_context->connect(std::move(a), "greeter.test").in(context);
  host.enter([&] {
    task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr});
    context.cancel(cancelled("enough"));
  });
  network.run_until_idle();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take().status().to_string(),
            "CANCELLED: memory:second: enough during the TLS handshake, while the server's hello "
            "was awaited");
}

}  // namespace
}  // namespace weft::net
