#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace weft::testing {

/// A new folder for the files and sockets of a test, where the system has temporary ones (TMPDIR);
/// removed with all that is in it at the end. Throws std::runtime_error where it cannot be made.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weft-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder " + pattern);
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const noexcept { return path_; }
  /// The path of a file in it, which need not be there.
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// Writes a file, and gives its path.
  std::string write(std::string_view name, std::string_view text) const {
    std::string path = file(name);
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

 private:
  std::string path_;
};

}  // namespace weft::testing
