#include "tests/soak/fault_proxy.h"

#include <array>
#include <limits>
#include <utility>

#include "weft/base/log.h"

namespace weft::soak {
namespace {

using namespace std::chrono_literals;
using net::IoResult;

constexpr std::uint64_t kEndless = std::numeric_limits<std::uint64_t>::max();

}  // namespace

/// One connection and its continuation. Deletes itself when both directions have ended, or one has
/// failed.
class FaultProxy::Passage final : public ListNode {
 public:
  Passage(FaultProxy& proxy, std::unique_ptr<net::Stream> client)
      : proxy_(proxy),
        stall_after_(proxy.dice_.one_in(30) ? proxy.dice_.below(200'000) : kEndless) {
    client_.stream = wrap(std::move(client));
    proxy.passages_.push_back(*this);
    ++proxy.counts_.connections;
  }
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;
  ~Passage() {
    client_.close();
    server_.close();
  }

  void start() {
    connecting_ = connect(*this);
    connecting_.start(nullptr, {[](void*) noexcept {}, nullptr});
  }

  /// In a later turn, for it is on the stack.
  void finish() noexcept {
    if (std::exchange(finished_, true)) return;
    client_.close();
    server_.close();
    // Owned, for a loop that ends before does not run it.
    proxy_.thread_.loop().post([owned = std::unique_ptr<Passage>(this)] {});
  }

 private:
  /// One side: what it has sent and the other has not taken yet.
  struct Side final : net::StreamHandler {
    explicit Side(Passage& owner) noexcept : passage(owner) {}
    void on_readable() noexcept override { passage.pump(*this); }
    void on_writable() noexcept override { passage.pump(passage.opposite(*this)); }
    void close() noexcept {
      if (stream != nullptr) stream->close();
    }
    Passage& passage;
    std::unique_ptr<net::Stream> stream;
    std::array<char, 8192> buffer{};
    std::size_t begin = 0;
    std::size_t end = 0;
    bool ended = false;
  };

  std::unique_ptr<net::Stream> wrap(std::unique_ptr<net::Stream> stream) {
    return std::make_unique<net::FaultStream>(std::move(stream), proxy_.thread_.loop(),
                                              proxy_.dice_.below(kEndless), proxy_.draw_faults());
  }
  static Task<> connect(Passage& self) {
    const Result<net::Address> target = net::Address::ip("127.0.0.1", self.proxy_.target_);
    Result<std::unique_ptr<net::Stream>> stream =
        co_await net::Loop::current()->connect(target.value());
    if (!stream.ok()) {
      self.break_off();
      co_return;
    }
    self.server_.stream = self.wrap(std::move(*stream));
    for (Side* side : {&self.client_, &self.server_}) {
      side->stream->set_handler(side);
      side->stream->want_read();
    }
  }
  Side& opposite(const Side& side) noexcept { return &side == &client_ ? server_ : client_; }

  /// Moves what there is from one side to the other.
  void pump(Side& from) noexcept;
  bool fill(Side& from) noexcept;
  bool drain(Side& from) noexcept;
  void break_off() noexcept {
    ++proxy_.counts_.broken;
    finish();
  }
  FaultProxy& proxy_;
  Side client_{*this};
  Side server_{*this};
  const std::uint64_t stall_after_;
  std::uint64_t bytes_ = 0;
  bool stalled_ = false;
  bool finished_ = false;
  Task<> connecting_;
};

void FaultProxy::Passage::pump(Side& from) noexcept {
  // Bounded, so that the connections take turns.
  for (int i = 0; i < 16; ++i) {
    if (finished_ || stalled_) return;
    if (from.begin == from.end && !fill(from)) return;
    if (!drain(from)) return;
  }
  from.stream->want_read();
}

/// False where nothing came.
bool FaultProxy::Passage::fill(Side& from) noexcept {
  if (from.ended) return false;
  const IoResult result = from.stream->read(from.buffer);
  switch (result.kind) {
    case IoResult::Kind::Done:
      from.begin = 0;
      from.end = result.size;
      return true;
    case IoResult::Kind::WouldBlock:
      from.stream->want_read();
      return false;
    case IoResult::Kind::End:
      from.ended = true;
      opposite(from).stream->shutdown_write();
      if (opposite(from).ended) finish();
      return false;
    case IoResult::Kind::Failed:
      break_off();
      return false;
  }
  return false;
}

/// False where the other side does not take everything now.
bool FaultProxy::Passage::drain(Side& from) noexcept {
  net::Stream& to = *opposite(from).stream;
  while (from.begin != from.end) {
    const iovec slice{.iov_base = from.buffer.data() + from.begin,
                      .iov_len = from.end - from.begin};
    const IoResult result = to.write({&slice, 1});
    if (result.kind == IoResult::Kind::WouldBlock) {
      to.want_write();
      return false;
    }
    if (result.kind != IoResult::Kind::Done) {
      break_off();
      return false;
    }
    from.begin += result.size;
    bytes_ += result.size;
    proxy_.counts_.bytes += result.size;
    if (bytes_ > stall_after_) {
      stalled_ = true;
      ++proxy_.counts_.stalled;
      return false;
    }
  }
  return true;
}

FaultProxy::FaultProxy(std::uint64_t seed, ProxyCounts& counts)
    : thread_("fault-proxy"), dice_(seed), counts_(counts) {
  net::run_blocking(thread_.loop(), open());
}

FaultProxy::~FaultProxy() { net::run_blocking(thread_.loop(), close()); }

Task<> FaultProxy::open() {
  Result<std::unique_ptr<net::Listener>> listener = thread_.loop().listen(
      net::Address::ip("127.0.0.1", 0).value(), {},
      [this](std::unique_ptr<net::Accepted> accepted) { accept(std::move(accepted)); });
  if (!listener.ok()) {
    log(LogLevel::Error, "the proxy cannot listen: " + listener.status().to_string());
    std::abort();
  }
  listener_ = std::move(*listener);
  port_ = listener_->address().port();
  co_return;
}

Task<> FaultProxy::close() {
  listener_.reset();
  // Those that are to be deleted in a later turn have left the list by then.
  while (Passage* passage = passages_.pop_front()) passage->finish();
  co_return;
}

void FaultProxy::accept(std::unique_ptr<net::Accepted> accepted) {
  std::unique_ptr<net::Stream> stream = accepted->bind_to(thread_.loop());
  if (stream != nullptr) (new Passage(*this, std::move(stream)))->start();
}

net::FaultOptions FaultProxy::draw_faults() {
  net::FaultOptions faults;
  if (dice_.one_in(2)) faults.short_read = 0.5 * dice_.part();
  if (dice_.one_in(2)) faults.short_write = 0.5 * dice_.part();
  if (dice_.one_in(3)) faults.would_block = 0.2 * dice_.part();
  if (dice_.one_in(3)) faults.delay = dice_.between(1us, 5ms);
  if (dice_.one_in(4)) faults.reset_after = dice_.below(500'000);
  return faults;
}

}  // namespace weft::soak
