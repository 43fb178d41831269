#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "weft/net/loop/wait.h"
#include "weft/net/sim/sim_loop.h"

namespace weft::net::internal {

/// A connection of a SimNetwork, as TCP behaves to those who use it: bytes in order, a window, a
/// half-close, and resets that destroy what was under way.
///
///   connect:  Syn ->  <- Accept or Refuse
///   data:     Data (random sizes) ->  <- Ack (when read, opens the window)
///   end:      Fin (after what was written), Reset (at once)
class SimConnection : public std::enable_shared_from_this<SimConnection> {
 public:
  enum class End : std::uint8_t { Client, Server };

  static std::shared_ptr<SimConnection> make(SimNetwork& network, SimLoop& client,
                                             const Address& local, SimLoop& server,
                                             const Address& peer);
  SimConnection(SimNetwork& network, SimLoop& client, Address local, SimLoop& server, Address peer);
  ~SimConnection();

  const Address& local_address(End end) const noexcept { return side(end).address; }
  const Address& peer_address(End end) const noexcept { return side(opposite(end)).address; }
  bool between(std::string_view a, std::string_view b) const noexcept;
  bool touches(std::string_view host) const noexcept;

  /// Sends Syn; `wait` is completed by the answer, whose error number is left in connect_error().
  void start(Wait& wait);
  void give_up_connecting() noexcept;
  bool is_connecting() const noexcept { return connecting_ != nullptr; }
  int connect_error() const noexcept { return connect_error_; }

  void bind(End end, SimLoop& loop) noexcept { side(end).host = &loop; }
  void set_handler(End end, StreamHandler* handler) noexcept { side(end).handler = handler; }
  IoResult read(End end, std::span<char> into);
  IoResult write(End end, std::span<const iovec> slices);
  void want_read(End end);
  void want_write(End end);
  void shutdown_write(End end);
  void close(End end) { end_side(end, false); }
  void abort(End end) { end_side(end, true); }

  /// Resets both ends, now.
  void break_both();
  /// Delivers what a partition held up.
  void heal();

 private:
  enum class What : std::uint8_t { Syn, Accept, Refuse, Data, Ack, Fin, Reset };
  struct Segment {
    What what;
    std::string data;
    std::size_t acknowledged = 0;
    TimePoint arrival;
  };
  struct Side {
    SimLoop* host = nullptr;
    Address address;
    StreamHandler* handler = nullptr;
    std::string incoming;
    std::size_t consumed = 0;
    int error = 0;
    bool finished = false;
    bool closed = false;
    bool wants_read = false;
    bool wants_write = false;
    bool notified = false;
    // What this side sends.
    bool fin_sent = false;
    std::size_t unacknowledged = 0;
    std::deque<Segment> on_the_way;
    TimePoint line_free = TimePoint::min();
  };

  static End opposite(End end) noexcept { return end == End::Client ? End::Server : End::Client; }
  Side& side(End end) noexcept { return sides_[static_cast<std::size_t>(end)]; }
  const Side& side(End end) const noexcept { return sides_[static_cast<std::size_t>(end)]; }
  SimLink link() const;
  bool readable(const Side& self) const noexcept;
  bool writable(const Side& self) const noexcept;

  void send(End from, What what, std::string data = {}, std::size_t acknowledged = 0);
  TimePoint arrival_of(Side& from, const SimLink& link, std::size_t size, bool data);
  void arrive(End at);
  void take(End at, Segment& segment);
  void take_syn();
  void take_data(End at, Segment& segment);
  void finish_connecting(int error);
  void end_side(End end, bool reset);
  void fail(Side& self, int error) noexcept;
  void notify_if_due(End end);
  void deliver(End end);

  SimNetwork& network_;
  std::uint64_t id_;
  std::array<Side, 2> sides_;
  Wait* connecting_ = nullptr;
  int connect_error_ = 0;
};

class SimStream final : public Stream {
 public:
  SimStream(std::shared_ptr<SimConnection> connection, SimConnection::End end)
      : connection_(std::move(connection)), end_(end) {}
  ~SimStream() override { connection_->close(end_); }

  void set_handler(StreamHandler* handler) noexcept override {
    connection_->set_handler(end_, handler);
  }
  IoResult read(std::span<char> into) noexcept override { return connection_->read(end_, into); }
  IoResult write(std::span<const iovec> slices) noexcept override {
    return connection_->write(end_, slices);
  }
  void want_read() noexcept override { connection_->want_read(end_); }
  void want_write() noexcept override { connection_->want_write(end_); }
  void shutdown_write() noexcept override { connection_->shutdown_write(end_); }
  void close() noexcept override { connection_->close(end_); }
  void abort() noexcept override { connection_->abort(end_); }
  const Address& local_address() const noexcept override {
    return connection_->local_address(end_);
  }
  const Address& peer_address() const noexcept override { return connection_->peer_address(end_); }

 private:
  std::shared_ptr<SimConnection> connection_;
  SimConnection::End end_;
};

class SimListener final : public Listener {
 public:
  SimListener(SimLoop& loop, Address address, AcceptHandler handler);
  ~SimListener() override { close(); }
  const Address& address() const noexcept override { return address_; }
  void close() noexcept override;
  /// Hands the server's end of a connection to the handler.
  void accept(std::shared_ptr<SimConnection> connection);

 private:
  SimLoop& loop_;
  Address address_;
  // Shared with the accept under way, since the handler may destroy the listener.
  std::shared_ptr<AcceptHandler> handler_;
};

}  // namespace weft::net::internal
