#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/net/loop/loop.h"

namespace weft::net {

class SimNetwork;

namespace internal {
class SimConnection;
class SimListener;
}  // namespace internal

/// One simulated machine: the same code as on an AsioLoop, in virtual time, over a SimNetwork.
///
/// Addresses are Address::memory(host, port); listening on 0.0.0.0, [::] or a loopback address
/// means this host, so that a server's usual options work.
class SimLoop final : public Loop {
 public:
  ~SimLoop() override;

  const std::string& name() const noexcept { return name_; }
  SimNetwork& network() noexcept { return network_; }

  TimePoint now() const noexcept override;
  using Loop::post;
  void post(Runnable& item) noexcept override;
  /// Runs the whole network until stop() is called on this loop, or nothing is left to happen.
  void run() override;
  void stop() noexcept override { stopped_ = true; }
  bool is_simulated() const noexcept override { return true; }

  /// This host's thread computes for so long: its clock is ahead of the network's by that much,
  /// what it sends leaves then, and everything else that happens to it waits. For what runs on it,
  /// as a handler.
  void work(Duration duration) noexcept { free_at_ = after(now(), duration); }

  Result<std::unique_ptr<Listener>> listen(const Address& address, const ListenOptions& options,
                                           AcceptHandler handler) override;
  Task<Result<std::unique_ptr<Stream>>> connect(Address address) override;
  /// SimNetwork::set_answer()'s, or the host of that name.
  Task<Result<DnsAnswer>> look_up(DnsQuestion question) override;

 private:
  friend class SimNetwork;
  friend class internal::SimConnection;
  friend class internal::SimListener;
  SimLoop(SimNetwork& network, std::string name, std::uint64_t seed);
  void request_turn() noexcept override;
  void rearm(TimePoint when) noexcept override;
  static void drop(Runnable& item) noexcept { discard(item); }
  /// `address` as a name in the network: this host's where it means this host.
  Address meant_by(const Address& address) const;
  std::uint16_t free_port() noexcept;

  SimNetwork& network_;
  std::string name_;
  std::map<std::uint16_t, internal::SimListener*> listeners_;
  std::uint16_t last_port_ = 40000;
  // The one wake-up among the network's events; its sequence number is 0 when there is none.
  std::pair<TimePoint, std::uint64_t> wake_{};
  TimePoint free_at_{};  // what it computes is done
  std::atomic<bool> stopped_ = false;
  bool down_ = false;
};

/// How bytes travel between two hosts, each way.
struct SimLink {
  Duration latency = std::chrono::microseconds(500);
  /// Added to each segment's latency, uniform from zero to this; segments stay in order.
  Duration jitter = std::chrono::microseconds(200);
  /// Bytes per second of one connection and direction; 0 is without limit.
  std::uint64_t bandwidth = 0;
  /// The longest segment; each is of a random size up to it.
  std::size_t segment = 1460;
  /// Bytes on the way and unread, for each connection and direction.
  std::size_t window = std::size_t{256} << 10;
  /// Chance that a segment is lost: it arrives, and what is behind it, after `retransmit`.
  double loss = 0;
  Duration retransmit = std::chrono::milliseconds(200);
  /// Chance, for each segment, that the connection is reset instead.
  double reset = 0;
};

/// A network of simulated hosts in one thread: virtual time, and faults that come from a seed, so
/// that a run is repeated exactly by its seed (see trace_hash()).
///
/// Everything happens inside step() and the run functions; the time stands still in between.
/// Streams, listeners and coroutines on its hosts must be gone before it is.
class SimNetwork {
 public:
  explicit SimNetwork(std::uint64_t seed, const SimLink& link = {});
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;
  ~SimNetwork();

  std::uint64_t seed() const noexcept { return seed_; }
  /// Starts at one hour, so that times in the past can be told from no time.
  TimePoint now() const noexcept { return now_; }
  Rng& rng() noexcept { return rng_; }

  /// The host of that name, made when first asked for.
  SimLoop& host(std::string_view name);

  /// Takes the next event, or returns false when there is none. Ends the program with a message
  /// when a million events come within ten milliseconds.
  bool step();
  /// Everything that happens up to a time; it is that time afterwards.
  void run_until(TimePoint when);
  void run_for(Duration duration) { run_until(after(now_, duration)); }
  /// Until nothing is left to happen; false when that is not so after `limit` (periodic timers).
  bool run_until_idle(Duration limit = std::chrono::hours(1));
  /// Until `condition` holds; false when it does not after `limit`, or nothing is left to happen.
  bool run_while_not(const std::function<bool()>& condition,
                     Duration limit = std::chrono::hours(1));

  /// The link between two hosts, both ways; others keep the one given at construction.
  void set_link(std::string_view a, std::string_view b, const SimLink& link);
  /// Nothing arrives between two hosts until heal(); what was sent is delivered then.
  void partition(std::string_view a, std::string_view b);
  void heal(std::string_view a, std::string_view b);
  /// Resets the connections between two hosts, now, at both ends.
  void break_connections(std::string_view a, std::string_view b);
  /// A host that is down refuses connections; going down resets those it has.
  void set_down(std::string_view name, bool down);
  /// What looking `name` up gives from now on. A port of 0 becomes the one that was asked for.
  void set_answer(std::string name, Result<DnsAnswer> answer);
  /// How many questions were asked about names, by all hosts.
  std::uint64_t questions() const noexcept { return questions_; }
  /// Connections that are established or being made.
  std::size_t connections() const noexcept { return connections_.size(); }

  /// A digest of all events so far, in their order and with their times.
  std::uint64_t trace_hash() const noexcept { return trace_; }

 private:
  friend class SimLoop;
  friend class internal::SimConnection;
  friend class internal::SimListener;

  enum class Kind : std::uint8_t { Turn, Wake, Posted, Segment, Notice };
  struct Event {
    SimLoop* target;
    Kind kind;
    UniqueFunction<void()> action;
  };
  using Events = std::map<std::pair<TimePoint, std::uint64_t>, Event>;
  using Pair = std::pair<std::string, std::string>;
  static Pair pair_of(std::string_view a, std::string_view b);
  const SimLink& link(const std::string& a, const std::string& b) const;
  bool partitioned(const std::string& a, const std::string& b) const;
  SimLoop* find(std::string_view name) noexcept;
  Result<DnsAnswer> answer(const DnsQuestion& question);
  /// Gives the event's place among the others.
  std::pair<TimePoint, std::uint64_t> schedule(SimLoop& target, TimePoint when, Kind kind,
                                               UniqueFunction<void()> action);
  void take_posted();
  /// Puts the first event off until its host's thread is free; false where it is.
  bool put_off_first();
  /// When the next event is; kNever if there is none. Wakes without a timer behind them do not
  /// count.
  TimePoint next_time();
  void note(TimePoint when, const Event& event) noexcept;
  // More than any test has work for at one time; a test that hangs says less than one that ends.
  static constexpr std::uint64_t kMostEventsAtOneTime = 1'000'000;
  static constexpr Duration kOneTime = std::chrono::milliseconds(10);
  [[noreturn]] void does_not_get_on() const;
  template <class F>
  void for_each_connection(F&& function);

  const std::uint64_t seed_;
  Rng rng_;
  TimePoint now_;
  SimLink link_;
  std::map<Pair, SimLink> links_;
  std::set<Pair> partitions_;
  std::map<std::string, Result<DnsAnswer>> answers_;
  std::uint64_t questions_ = 0;
  std::map<std::string, std::unique_ptr<SimLoop>, std::less<>> hosts_;
  Events events_;
  std::uint64_t sequence_ = 1;
  TimePoint burst_began_{};
  std::uint64_t events_now_ = 0;  // within kOneTime of burst_began_
  std::uint64_t trace_;
  std::map<std::uint64_t, std::weak_ptr<internal::SimConnection>> connections_;
  std::uint64_t next_connection_ = 0;
  // Work posted to a host, perhaps by another thread.
  std::mutex posted_mutex_;
  std::vector<std::pair<SimLoop*, Runnable*>> posted_;
};

}  // namespace weft::net
