#pragma once

#include <cstdint>
#include <limits>
#include <memory>

#include "weft/base/rng.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/net/socket/stream.h"

namespace weft::net {

/// The faults of a FaultStream; chances are from 0 to 1 for each call.
struct FaultOptions {
  /// A read or write takes only a random part of what it could.
  double short_read = 0;
  double short_write = 0;
  /// A read or write says WouldBlock although it need not; readiness then comes soon.
  double would_block = 0;
  /// on_readable() and on_writable() come late, by up to this.
  Duration delay{};
  /// After this many bytes, both ways together, the stream fails as if the peer had reset it.
  std::uint64_t reset_after = std::numeric_limits<std::uint64_t>::max();
};

/// Wraps a stream and makes it as difficult as a network may be, from a seed: whoever uses streams
/// is to be tested through one.
class FaultStream final : public Stream, private StreamHandler {
 public:
  FaultStream(std::unique_ptr<Stream> inner, Loop& loop, std::uint64_t seed,
              const FaultOptions& options);
  ~FaultStream() override;

  void set_handler(StreamHandler* handler) noexcept override { handler_ = handler; }
  IoResult read(std::span<char> into) noexcept override;
  IoResult write(std::span<const iovec> slices) noexcept override;
  void want_read() noexcept override;
  void want_write() noexcept override;
  void shutdown_write() noexcept override { inner_->shutdown_write(); }
  void close() noexcept override;
  void abort() noexcept override;
  std::size_t unacknowledged() const noexcept override { return inner_->unacknowledged(); }
  bool ended_cleanly() const noexcept override { return inner_->ended_cleanly(); }
  const Address& local_address() const noexcept override { return inner_->local_address(); }
  const Address& peer_address() const noexcept override { return inner_->peer_address(); }
  std::shared_ptr<const TlsInfo> tls() const noexcept override { return inner_->tls(); }

 private:
  void leave() noexcept;
  struct Late : Timer {
    Late(FaultStream& owner, Function expired) noexcept : Timer(expired), self(owner) {}
    FaultStream& self;
  };
  void on_readable() noexcept override;
  void on_writable() noexcept override;
  bool happens(double chance) noexcept { return chance > 0 && rng_.uniform() < chance; }
  /// Arms `late` for a random time within the delay; false when there is none.
  bool postpone(Late& late) noexcept;
  IoResult count(IoResult result);
  IoResult reset_error() const;

  std::unique_ptr<Stream> inner_;
  Loop& loop_;
  Rng rng_;
  FaultOptions options_;
  StreamHandler* handler_ = nullptr;
  std::uint64_t bytes_ = 0;
  bool reset_ = false;
  Late late_readable_;
  Late late_writable_;
};

}  // namespace weft::net
