#pragma once

// What the tests of sockets share: where they listen.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "weft/net/address.h"

namespace weft::net::test {

inline Address loopback(std::uint16_t port = 0) { return *Address::ip("127.0.0.1", port); }

/// A folder of its own for each test, removed at its end.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weft-net-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace weft::net::test
