#include "tools/weft/bench/report/result_file.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace weft::cli::bench {

Result<ResultFile> ResultFile::open(const std::string& flag, const std::string& path) {
  if (path.empty()) return ResultFile(path, nullptr);
  if (path == "-") return ResultFile(path, stdout);
  // Appending: an existing file is not emptied yet.
  std::FILE* file = std::fopen(path.c_str(), "ae");
  if (file != nullptr) return ResultFile(path, file);
  return invalid_argument(flag + ": cannot write '" + path +
                          "': " + std::generic_category().message(errno));
}

bool ResultFile::write(const std::string& text) {
  if (file_ == nullptr) return true;
  // A pipe or a device cannot be made shorter, and need not be.
  if (file_.get() != stdout) static_cast<void>(ftruncate(fileno(file_.get()), 0));
  const bool taken = std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size();
  if (std::fflush(file_.get()) == 0 && taken) return true;
  std::fprintf(stderr, "weft: cannot write '%s'\n", path_.c_str());
  return false;
}

}  // namespace weft::cli::bench
