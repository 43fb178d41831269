#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weft/base/rng.h"
#include "weft/messaging/log/internal/disk.h"

namespace weft::messaging::stored {

/// A disk in memory that fails by script. It knows what a sync has made safe; a loss of power
/// keeps, loses or tears each of the rest by itself, so in any order:
///
/// - a write is torn into sectors of 512 bytes, each of which is kept or lost;
/// - a truncation, and that a file was made or removed, is kept or lost.
///
/// One seed gives one run. Of any thread.
class TestDisk final : public Disk {
 public:
  explicit TestDisk(std::uint64_t seed) : rng_(seed) {}

  /// Whatever changes the disk: writes, truncations, syncs, files made and removed.
  std::uint64_t operations() const {
    return locked([this] { return operations_; });
  }
  std::uint64_t syncs() const {
    return locked([this] { return syncs_; });
  }
  /// The power fails in the `n`-th operation from now, counted from 1.
  void stop_at(std::uint64_t n) {
    locked([&] { stop_at_ = operations_ + n; });
  }
  bool is_stopped() const {
    return locked([this] { return stopped_; });
  }
  /// Bytes that files may still grow by.
  void set_room(std::uint64_t bytes) {
    locked([&] { room_ = bytes; });
  }
  /// The next sync fails, and what it was for is lost by the next loss of power.
  void fail_sync() {
    locked([&] { fail_sync_ = true; });
  }
  void fail_truncate() {
    locked([&] { fail_truncate_ = true; });
  }

  /// The power comes back, after it was lost now or before. No file may be open.
  void restart() {
    const std::lock_guard lock(mutex_);
    std::set<std::string> paths;
    for (const auto& entry : files_) paths.insert(entry.first);
    for (const auto& entry : safe_files_) paths.insert(entry.first);
    for (const std::string& path : paths) {
      const bool keeps_change = coin();
      auto& from = keeps_change ? files_ : safe_files_;
      const auto found = from.find(path);
      const std::shared_ptr<Inode> inode = found == from.end() ? nullptr : found->second;
      files_.erase(path);
      if (inode != nullptr) files_[path] = inode;
    }
    for (auto& entry : files_) entry.second->lose(*this);
    safe_files_ = files_;
    stopped_ = false;
    stop_at_ = UINT64_MAX;
    room_ = UINT64_MAX;
    fail_sync_ = fail_truncate_ = false;
  }

  /// What is in a file, to be changed.
  std::string& content(const std::string& path) { return files_.at(path)->now; }
  void make_content_safe(const std::string& path) { files_.at(path)->make_safe(); }

  Result<std::unique_ptr<File>> open(const std::string& path, Open how) override {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(path);
    if (how == Open::Existing && found == files_.end()) return not_found(path + ": no such file");
    if (how == Open::Emptied) {
      Status status = operate(path);
      if (!status.ok()) return status;
      if (found == files_.end()) {
        files_[path] = std::make_shared<Inode>();
      } else {
        found->second->truncate(0);
      }
    }
    return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, path, files_[path]));
  }
  Status remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (stopped_) return unavailable(path + ": the power is off");
    files_.erase(path);
    return operate(path);
  }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    const std::lock_guard lock(mutex_);
    std::set<std::string> names;
    for (const auto& entry : files_) {
      if (!entry.first.starts_with(folder + "/")) continue;
      const std::string rest = entry.first.substr(folder.size() + 1);
      names.insert(rest.substr(0, rest.find('/')));
    }
    return std::vector<std::string>(names.begin(), names.end());
  }
  Status make_folder(const std::string& /*folder*/) override { return {}; }
  Status sync_folder(const std::string& folder) override {
    const std::lock_guard lock(mutex_);
    Status status = operate(folder);
    if (!status.ok()) return status;
    const auto is_in = [&folder](const auto& entry) {
      return entry.first.starts_with(folder + "/");
    };
    std::erase_if(safe_files_, is_in);
    for (const auto& entry : files_) {
      if (is_in(entry)) safe_files_.insert(entry);
    }
    return {};
  }
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (!locks_.insert(path).second) return failed_precondition(path + ": it is locked");
    return std::unique_ptr<Lock>(std::make_unique<Locked>(*this, path));
  }

 private:
  static constexpr std::size_t kSector = 512;

  struct Inode {
    struct Change {
      bool truncates;
      std::uint64_t at;
      std::string data;
    };
    void write(std::uint64_t at, std::string_view data) {
      apply(now, at, data);
      changes.push_back({false, at, std::string(data)});
    }
    void truncate(std::uint64_t size) {
      now.resize(size);
      changes.push_back({true, size, {}});
    }
    void make_safe() {
      safe = now;
      changes.clear();
    }
    void lose(TestDisk& disk) {
      for (const Change& change : changes) {
        if (change.truncates) {
          if (disk.coin()) safe.resize(change.at);
          continue;
        }
        const bool whole = disk.coin() && disk.coin();
        for (std::size_t i = 0; i < change.data.size(); i += kSector) {
          if (!whole && disk.coin()) continue;
          apply(safe, change.at + i, std::string_view(change.data).substr(i, kSector));
        }
      }
      now = safe;
      changes.clear();
    }
    static void apply(std::string& content, std::uint64_t at, std::string_view data) {
      if (content.size() < at + data.size()) content.resize(at + data.size());
      content.replace(at, data.size(), data);
    }
    std::string safe;
    std::string now;
    std::vector<Change> changes;
  };

  class OpenFile final : public File {
   public:
    OpenFile(TestDisk& disk, std::string path, std::shared_ptr<Inode> inode)
        : disk_(disk), path_(std::move(path)), inode_(std::move(inode)) {}
    Status write(std::uint64_t at, std::string_view data) override {
      const std::lock_guard lock(disk_.mutex_);
      if (disk_.stopped_) return off();
      const std::uint64_t end = at + data.size();
      const std::uint64_t grows = end > inode_->now.size() ? end - inode_->now.size() : 0;
      const std::uint64_t lacks = grows > disk_.room_ ? grows - disk_.room_ : 0;
      // As a system does: as much as there is room for.
      inode_->write(at, data.substr(0, data.size() - lacks));
      disk_.room_ -= disk_.room_ == UINT64_MAX ? 0 : grows - lacks;
      Status status = disk_.operate(path_);
      if (status.ok() && lacks > 0) return resource_exhausted(path_ + ": no space left on device");
      return status;
    }
    Result<std::string> read(std::uint64_t at, std::size_t most) const override {
      const std::lock_guard lock(disk_.mutex_);
      return at >= inode_->now.size() ? std::string() : inode_->now.substr(at, most);
    }
    Status sync() override {
      const std::lock_guard lock(disk_.mutex_);
      Status status = disk_.operate(path_);
      if (!status.ok()) return status;
      if (std::exchange(disk_.fail_sync_, false)) return failed_precondition(path_ + ": I/O error");
      ++disk_.syncs_;
      inode_->make_safe();
      return {};
    }
    Status truncate(std::uint64_t size) override {
      const std::lock_guard lock(disk_.mutex_);
      if (disk_.stopped_) return off();
      if (std::exchange(disk_.fail_truncate_, false)) {
        return failed_precondition(path_ + ": I/O error");
      }
      inode_->truncate(size);
      return disk_.operate(path_);
    }
    Result<std::uint64_t> size() const override {
      const std::lock_guard lock(disk_.mutex_);
      return std::uint64_t{inode_->now.size()};
    }

   private:
    static Status off() { return unavailable("the power is off"); }
    TestDisk& disk_;
    const std::string path_;
    const std::shared_ptr<Inode> inode_;
  };

  struct Locked final : Lock {
    Locked(TestDisk& of, std::string name) : disk(of), path(std::move(name)) {}
    ~Locked() override {
      const std::lock_guard lock(disk.mutex_);
      disk.locks_.erase(path);
    }
    TestDisk& disk;
    const std::string path;
  };

  template <class F>
  std::invoke_result_t<F> locked(F function) const {
    const std::lock_guard lock(mutex_);
    return function();
  }
  bool coin() { return rng_.below(2) == 0; }
  Status operate(const std::string& path) {
    if (stopped_) return unavailable(path + ": the power is off");
    if (++operations_ == stop_at_) {
      stopped_ = true;
      return unavailable(path + ": the power is off");
    }
    return {};
  }

  mutable std::mutex mutex_;
  Rng rng_;
  std::map<std::string, std::shared_ptr<Inode>> files_;
  std::map<std::string, std::shared_ptr<Inode>> safe_files_;
  std::set<std::string> locks_;
  std::uint64_t operations_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint64_t stop_at_ = UINT64_MAX;
  std::uint64_t room_ = UINT64_MAX;
  bool stopped_ = false;
  bool fail_sync_ = false;
  bool fail_truncate_ = false;
};

}  // namespace weft::messaging::stored
