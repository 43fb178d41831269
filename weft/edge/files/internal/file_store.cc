#include "weft/edge/files/internal/file_store.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "weft/net/loop/loop.h"
#include "weft/net/loop/offload.h"

namespace weft::edge {
namespace {

/// Whether a kept file is the newest is looked at by find(), so none of them ends by itself.
CacheOptions cache_options(const Files& files) {
  return {.max_weight = std::max<std::uint64_t>(1, files.memory),
          .absent_ttl = Duration(0),
          .refresh_ahead = 0};
}

}  // namespace

FileStore::FileStore(const Files& files)
    : source_(source_of(files)),
      kept_(
          cache_options(files),
          [source = source_](const std::string& name) { return load(source, name); },
          [](const std::string& name, const Kept& file) {
            return static_cast<std::uint32_t>(name.size() + file->bytes());
          }) {}

FileStore::SharedSource FileStore::source_of(const Files& files) {
  auto source = std::make_shared<Source>();
  source->folder = files.folder;
  source->embedded.insert(files.embedded.begin(), files.embedded.end());
  return source;
}

Status FileStore::check() const {
  if (source_->folder.empty()) return {};
  const Result<OpenedFile> folder = OpenedFile::open(source_->folder, {});
  return folder.ok() ? Status() : folder.status();
}

Task<Result<FileStore::Shared>> FileStore::find(const std::string& name) {
  Result<Shared> found = co_await kept_.get(name);
  if (!found.ok() || !(**found)->take_look(net::Loop::current()->now())) co_return found;
  const Result<Opened> now = co_await open(name);
  if (now.ok() && (*now)->facts() == (**found)->facts) co_return found;
  forget(name);
  co_return co_await kept_.get(name);
}

Task<Result<FileStore::Opened>> FileStore::open(const std::string& name) {
  co_return co_await net::offload(open_on_disk, source_, name);
}

Task<Result<FileStore::Kept>> FileStore::load(SharedSource source, std::string name) {
  if (name.empty()) co_return not_found("a file has a name");
  // Reading and compressing take longer than a turn may.
  if (source->folder.empty()) co_return co_await net::offload(load_embedded, source, name);
  Result<Kept> kept = co_await net::offload(load_from_disk, source, name);
  if (kept.ok()) (*kept)->look_at(net::Loop::current()->now());
  co_return kept;
}

Result<FileStore::Kept> FileStore::load_embedded(const SharedSource& source,
                                                 const std::string& name) {
  const auto found = source->embedded.find(name);
  if (found == source->embedded.end()) return not_found("there is no such file");
  return keep_embedded(name, found->second);
}

Result<FileStore::Kept> FileStore::load_from_disk(const SharedSource& source,
                                                  const std::string& name) {
  const Result<OpenedFile> file = OpenedFile::open(source->folder, name);
  if (!file.ok()) return file.status();
  return keep(*file, name);
}

Result<FileStore::Opened> FileStore::open_on_disk(const SharedSource& source,
                                                  const std::string& name) {
  Result<OpenedFile> file = OpenedFile::open(source->folder, name);
  if (!file.ok()) return file.status();
  return Opened(std::make_shared<const OpenedFile>(*std::move(file)));
}

}  // namespace weft::edge
