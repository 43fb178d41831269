#include "weft/testing/sqlite/sqlite_disk.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include "weft/base/rng.h"

namespace weft::testing {
namespace {

constexpr std::size_t kSector = 512;

/// A write, or where `bytes` is empty a truncation to `offset`.
struct Change {
  std::size_t offset;
  std::string bytes;
};

/// What is known of a file beside its content now.
struct Recorded {
  std::string safe;  // that survives
  std::vector<Change> unsynced;
  std::size_t size = 0;
};

void apply(std::string& content, std::size_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
  content.replace(offset, bytes.size(), bytes);
}

void apply(std::string& content, const Change& change) {
  if (change.bytes.empty()) {
    content.resize(change.offset);
  } else {
    apply(content, change.offset, change.bytes);
  }
}

/// Of a write the power failed during or after: all of it, nothing, or some sectors.
void apply_torn(std::string& content, const Change& change, Rng& rng) {
  const std::uint64_t fate = rng.below(3);
  if (fate == 0) return;
  if (fate == 1 || change.bytes.empty()) return apply(content, change);
  std::string_view rest = change.bytes;
  for (std::size_t offset = change.offset; !rest.empty();) {
    const std::size_t piece = std::min(kSector - offset % kSector, rest.size());
    if (rng.below(2) == 0) apply(content, offset, rest.substr(0, piece));
    rest.remove_prefix(piece);
    offset += piece;
  }
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

}  // namespace

/// The disk, and SQLite's view of it. Its functions are called by the VFS's, which only find their
/// way here.
class SqliteDisk::State {
 public:
  explicit State(std::uint64_t seed);
  ~State() { sqlite3_vfs_unregister(&vfs_); }

  /// What the operation ends with; SQLITE_OK: the real file is to be written as well.
  int write(const std::string& path, const void* data, std::size_t size, std::size_t offset);
  int truncate(const std::string& path, std::size_t size);
  int sync(const std::string& path);
  int remove(const std::string& path);
  void opened(const std::string& path);
  bool stopped() {
    const std::lock_guard lock(mutex);
    return off;
  }
  void restart();

  sqlite3_vfs* real() const noexcept { return real_; }

  std::mutex mutex;
  std::string name;
  std::uint64_t writes = 0;
  std::uint64_t syncs = 0;
  std::uint64_t stop = 0;  // the write in which the power fails; 0: none
  std::uint64_t failing_syncs = 0;
  std::size_t room = std::numeric_limits<std::size_t>::max();
  bool off = false;
  std::function<std::int64_t()> clock;

 private:
  /// Counts a write; true where the power fails in it.
  bool fails_now() {
    off = off || ++writes == stop;
    return off;
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  Rng rng_;
  std::map<std::string, Recorded> files_;
};

namespace {

/// What SQLite has for a file of ours; the real one's lies behind it.
struct DiskFile {
  sqlite3_file base;
  SqliteDisk::State* disk;
  // Null for a temporary file, of which nothing survives anyway.
  std::string* path;
  sqlite3_file* real() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

DiskFile& of(sqlite3_file* file) noexcept { return *reinterpret_cast<DiskFile*>(file); }
const sqlite3_io_methods& real_of(sqlite3_file* file) noexcept {
  return *of(file).real()->pMethods;
}
SqliteDisk::State& of(sqlite3_vfs* vfs) noexcept {
  return *static_cast<SqliteDisk::State*>(vfs->pAppData);
}

int close(sqlite3_file* file) {
  const int code = real_of(file).xClose(of(file).real());
  delete of(file).path;
  return code;
}

int read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  if (of(file).disk->stopped()) return SQLITE_IOERR_READ;
  return real_of(file).xRead(of(file).real(), into, size, offset);
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  DiskFile& self = of(file);
  const int code = self.path == nullptr
                       ? SQLITE_OK
                       : self.disk->write(*self.path, data, static_cast<std::size_t>(size),
                                          static_cast<std::size_t>(offset));
  return code == SQLITE_OK ? real_of(file).xWrite(self.real(), data, size, offset) : code;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  DiskFile& self = of(file);
  const int code = self.path == nullptr
                       ? SQLITE_OK
                       : self.disk->truncate(*self.path, static_cast<std::size_t>(size));
  return code == SQLITE_OK ? real_of(file).xTruncate(self.real(), size) : code;
}

int sync(sqlite3_file* file, int) {
  return of(file).path == nullptr ? SQLITE_OK : of(file).disk->sync(*of(file).path);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_of(file).xFileSize(of(file).real(), size);
}
int lock(sqlite3_file* file, int level) { return real_of(file).xLock(of(file).real(), level); }
int unlock(sqlite3_file* file, int level) { return real_of(file).xUnlock(of(file).real(), level); }
int check_reserved(sqlite3_file* file, int* taken) {
  return real_of(file).xCheckReservedLock(of(file).real(), taken);
}
int file_control(sqlite3_file* file, int what, void* with) {
  return real_of(file).xFileControl(of(file).real(), what, with);
}
int sector_size(sqlite3_file* file) { return real_of(file).xSectorSize(of(file).real()); }
int characteristics(sqlite3_file* file) {
  return real_of(file).xDeviceCharacteristics(of(file).real());
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** into) {
  return real_of(file).xShmMap(of(file).real(), page, size, extend, into);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real_of(file).xShmLock(of(file).real(), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { real_of(file).xShmBarrier(of(file).real()); }
int shm_unmap(sqlite3_file* file, int remove) {
  return real_of(file).xShmUnmap(of(file).real(), remove);
}

constexpr sqlite3_io_methods kMethods{
    .iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_reserved,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* got) {
  DiskFile& self = of(file);
  self.base.pMethods = nullptr;
  self.disk = &of(vfs);
  self.path = nullptr;
  if (self.disk->stopped()) return SQLITE_CANTOPEN;
  const int code = self.disk->real()->xOpen(self.disk->real(), path, self.real(), flags, got);
  if (code != SQLITE_OK) return code;
  self.base.pMethods = &kMethods;
  if (path != nullptr) {
    self.path = new std::string(path);
    self.disk->opened(*self.path);
  }
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  const int code = of(vfs).remove(path);
  return code == SQLITE_OK ? of(vfs).real()->xDelete(of(vfs).real(), path, sync_folder) : code;
}

}  // namespace

SqliteDisk::State::State(std::uint64_t seed) : real_(sqlite3_vfs_find(nullptr)), rng_(seed) {
  static std::atomic<int> made{0};
  name = "weft-disk-" + std::to_string(++made);
  vfs_ = *real_;
  vfs_.szOsFile = static_cast<int>(sizeof(DiskFile)) + real_->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.zName = name.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = open;
  vfs_.xDelete = testing::remove;
  // What else a VFS does has nothing to do with this disk, and the real one's functions ask nothing
  // of theirs but its pAppData.
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* path, int flags, int* result) {
    return of(vfs).real()->xAccess(of(vfs).real(), path, flags, result);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* path, int size, char* into) {
    return of(vfs).real()->xFullPathname(of(vfs).real(), path, size, into);
  };
  vfs_.xCurrentTimeInt64 = [](sqlite3_vfs* vfs, sqlite3_int64* now) {
    constexpr sqlite3_int64 kUnixEpoch = 210'866'760'000'000;  // in milliseconds of julian days
    if (of(vfs).clock == nullptr) return of(vfs).real()->xCurrentTimeInt64(of(vfs).real(), now);
    *now = kUnixEpoch + of(vfs).clock();
    return SQLITE_OK;
  };
  sqlite3_vfs_register(&vfs_, 0);
}

void SqliteDisk::State::opened(const std::string& path) {
  const std::lock_guard guard(mutex);
  const auto [place, is_new] = files_.try_emplace(path);
  if (!is_new) return;
  place->second.safe = content_of(path);
  place->second.size = place->second.safe.size();
}

int SqliteDisk::State::write(const std::string& path, const void* data, std::size_t size,
                             std::size_t offset) {
  const std::lock_guard guard(mutex);
  if (off) return SQLITE_IOERR_WRITE;
  Recorded& file = files_[path];
  const std::size_t grown = std::max(file.size, offset + size);
  if (grown - file.size > room) return SQLITE_FULL;
  if (room != std::numeric_limits<std::size_t>::max()) room -= grown - file.size;
  file.size = grown;
  file.unsynced.push_back({offset, std::string(static_cast<const char*>(data), size)});
  return fails_now() ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

int SqliteDisk::State::truncate(const std::string& path, std::size_t size) {
  const std::lock_guard guard(mutex);
  if (off) return SQLITE_IOERR_TRUNCATE;
  Recorded& file = files_[path];
  file.size = size;
  file.unsynced.push_back({size, {}});
  return fails_now() ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

int SqliteDisk::State::sync(const std::string& path) {
  const std::lock_guard guard(mutex);
  ++syncs;
  if (off || fails_now()) return SQLITE_IOERR_FSYNC;
  if (failing_syncs > 0) {
    --failing_syncs;
    return SQLITE_IOERR_FSYNC;
  }
  Recorded& file = files_[path];
  for (const Change& change : std::exchange(file.unsynced, {})) apply(file.safe, change);
  return SQLITE_OK;
}

int SqliteDisk::State::remove(const std::string& path) {
  const std::lock_guard guard(mutex);
  if (off) return SQLITE_IOERR_DELETE;
  files_.erase(path);
  return SQLITE_OK;
}

void SqliteDisk::State::restart() {
  const std::lock_guard guard(mutex);
  for (auto& [path, file] : files_) {
    for (const Change& change : std::exchange(file.unsynced, {})) {
      apply_torn(file.safe, change, rng_);
    }
    file.size = file.safe.size();
    std::ofstream(path, std::ios::binary | std::ios::trunc) << file.safe;
    // Shared memory is not on the disk.
    std::filesystem::remove(path + "-shm");
  }
  off = false;
  stop = 0;
}

SqliteDisk::SqliteDisk(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {}
SqliteDisk::~SqliteDisk() = default;

const std::string& SqliteDisk::vfs() const noexcept { return state_->name; }

std::uint64_t SqliteDisk::writes() const {
  const std::lock_guard guard(state_->mutex);
  return state_->writes;
}

std::uint64_t SqliteDisk::syncs() const {
  const std::lock_guard guard(state_->mutex);
  return state_->syncs;
}

void SqliteDisk::stop_at(std::uint64_t n) {
  const std::lock_guard guard(state_->mutex);
  state_->stop = state_->writes + n;
}

bool SqliteDisk::is_stopped() const { return state_->stopped(); }

void SqliteDisk::set_clock(std::function<std::int64_t()> clock) {
  state_->clock = std::move(clock);
}

void SqliteDisk::set_room(std::size_t bytes) {
  const std::lock_guard guard(state_->mutex);
  state_->room = bytes;
}

void SqliteDisk::fail_syncs(std::uint64_t n) {
  const std::lock_guard guard(state_->mutex);
  state_->failing_syncs = n;
}

void SqliteDisk::restart() { state_->restart(); }

}  // namespace weft::testing
