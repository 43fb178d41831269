#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace weft::testing {

/// A disk for SQLite that fails by script: a VFS to be named where a file is opened
/// (sqlite::Options::vfs, sqlite3_open_v2()). Its files lie where their paths say, so locks and
/// shared memory are the system's; beside them it knows what an fsync has made safe, and a loss of
/// power takes from the rest.
///
///     SqliteDisk disk(seed);
///     disk.stop_at(7);     // the seventh write from now on does not return, nor does anything
///     after it
///     ...                  // use the database until it fails, and close it
///     disk.restart();      // what was not synced is kept, lost or torn, in any order
///     ...                  // open it again: everything that was confirmed must be there
///
/// A write is torn into pieces of 512 bytes, each of which is kept or lost by itself; bytes outside
/// of it do not change. That a file was made or removed is not lost. One seed gives one run, as
/// long as the writes are the same. Any thread may use it; it outlives what is opened on it.
class SqliteDisk {
 public:
  class State;  // SQLite's side of it, private to the implementation

  explicit SqliteDisk(std::uint64_t seed);
  SqliteDisk(const SqliteDisk&) = delete;
  SqliteDisk& operator=(const SqliteDisk&) = delete;
  ~SqliteDisk();

  /// The VFS's name.
  const std::string& vfs() const noexcept;

  /// Writes, truncations and syncs so far.
  std::uint64_t writes() const;
  /// Syncs so far.
  std::uint64_t syncs() const;
  /// The power fails in the `n`-th write, truncation or sync from now, counted from 1.
  void stop_at(std::uint64_t n);
  bool is_stopped() const;
  /// Files may grow by `bytes` more in all; then the disk is full. SIZE_MAX: no limit.
  void set_room(std::size_t bytes);
  /// The next syncs fail, as many as `n`; what they were for is not safe.
  void fail_syncs(std::uint64_t n);

  /// What the time is for SQLite's 'now', in milliseconds since 1970; called by its threads. To be
  /// set before a file is opened.
  void set_clock(std::function<std::int64_t()> clock);

  /// The power comes back, after it was lost now or before. Every connection must be closed.
  void restart();

 private:
  std::unique_ptr<State> state_;
};

}  // namespace weft::testing
