#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/net/loop/loop.h"

namespace weft::security {

struct WatchedFileOptions {
  /// How often the file is read; 100 ms at least.
  Duration every = std::chrono::seconds(5);
  /// A larger file is refused.
  std::size_t max_bytes = std::size_t{1} << 20U;
  /// Where it is read from the second time on, which takes as long as the disk does. It outlives
  /// the WatchedFile. Null: one of net::default_loops().
  net::Loop* loop = nullptr;
};

/// Hands the text of a file to a function, and again whenever it has changed:
///
///     weft::Authorization authorization;
///     auto policy = security::WatchedFile::open(
///         "policy.json", [=](std::string_view text) mutable { return authorization.set(text); });
///     if (!policy.ok()) return policy.status();       // it must be there and right at the start
///
/// Likewise for ApiKeys::set(). A text that cannot be read, or that the function refuses, is logged
/// once until a good one comes; what the function took before is not touched. Write the file under
/// another name and rename it, or half of it may be read. A child of fork() watches nothing.
class WatchedFile {
 public:
  /// Returns why a text is wrong. Called by open() and then on the loop, never twice at once; it
  /// must not throw, and not use the WatchedFile.
  using Take = std::function<Status(std::string_view text)>;

  /// Reads the file before it returns. The status of `take`, or what read_small_file() says of a
  /// file that is not there, too large or no regular file; INVALID_ARGUMENT for wrong options.
  static Result<WatchedFile> open(std::string path, Take take, WatchedFileOptions options = {});
  WatchedFile(WatchedFile&&) noexcept = default;
  WatchedFile& operator=(WatchedFile&& other) noexcept;
  /// From any thread. Waits for a `take` that runs; none runs afterwards.
  ~WatchedFile();

  /// What is wrong with the file as it was read last; from any thread.
  Status health() const;

 private:
  class Watching;
  explicit WatchedFile(std::shared_ptr<Watching> watching) : watching_(std::move(watching)) {}
  std::shared_ptr<Watching> watching_;
};

}  // namespace weft::security
