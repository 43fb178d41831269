#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "weft/base/result.h"

namespace weft::cli::bench {

/// Where results go: a file, or standard output for "-". Opened before a run, so that a mistake in
/// its name does not cost the run; what it has in it stays until write().
class ResultFile {
 public:
  /// `flag`: the one that names the file. INVALID_ARGUMENT with flag, path and cause when it cannot
  /// be written. Nothing is opened for an empty path, and nothing is written then.
  static Result<ResultFile> open(const std::string& flag, const std::string& path);

  /// Writes `text` in place of what was there. False, with a message on standard error, when the
  /// file does not take it.
  bool write(const std::string& text);

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept {
      if (file != stdout) std::fclose(file);
    }
  };
  ResultFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace weft::cli::bench
