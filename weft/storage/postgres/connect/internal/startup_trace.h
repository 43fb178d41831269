#pragma once

#include <cstdio>
#include <string_view>

#include "weft/storage/postgres/internal/libpq.h"

namespace weft::postgres {

/// What libpq and the server say to each other while a connection is made, in libpq's words
/// (PQtrace). A password may be in it, so it is wiped.
class StartupTrace {
 public:
  explicit StartupTrace(PGconn* connection);
  StartupTrace(const StartupTrace&) = delete;
  StartupTrace& operator=(const StartupTrace&) = delete;
  ~StartupTrace();

  /// So far; valid until more is said.
  std::string_view text();

 private:
  PGconn* connection_;
  char* buffer_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

}  // namespace weft::postgres
