#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/cache/cache.h"
#include "weft/coro/task.h"
#include "weft/edge/files/files.h"
#include "weft/edge/files/internal/kept_file.h"
#include "weft/edge/files/internal/opened_file.h"

namespace weft::edge {

/// The files of a folder, or of the program. Used by all loops of a server at the same time.
class FileStore {
  using Kept = std::unique_ptr<KeptFile>;
  using Keeping = Cache<std::string, Kept>;

 public:
  using Shared = Keeping::Pointer;
  using Opened = std::shared_ptr<const OpenedFile>;

  explicit FileStore(const Files& files);

  /// OK, or why there is no such folder.
  Status check() const;
  /// The file as it is now, or was at most a second ago; the status is OpenedFile::open()'s.
  Task<Result<Shared>> find(const std::string& name);
  /// For a file whose content is not kept.
  Task<Result<Opened>> open(const std::string& name);
  /// It is not as it was found.
  void forget(const std::string& name) { kept_.erase(name); }

 private:
  /// What threads of the disk use, which may outlive this.
  struct Source {
    std::string folder;
    std::map<std::string, std::string_view, std::less<>> embedded;
  };
  using SharedSource = std::shared_ptr<const Source>;

  static SharedSource source_of(const Files& files);
  static Task<Result<Kept>> load(SharedSource source, std::string name);
  static Result<Kept> load_embedded(const SharedSource& source, const std::string& name);
  static Result<Kept> load_from_disk(const SharedSource& source, const std::string& name);
  static Result<Opened> open_on_disk(const SharedSource& source, const std::string& name);

  const SharedSource source_;
  // Only names that there are get into it, so strangers choose none.
  Keeping kept_;
};

}  // namespace weft::edge
