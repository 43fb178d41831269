#include "weft/storage/postgres/connect/internal/startup_trace.h"

#include <cstdlib>
#include <cstring>

namespace weft::postgres {

StartupTrace::StartupTrace(PGconn* connection)
    : connection_(connection), file_(::open_memstream(&buffer_, &size_)) {
  if (file_ != nullptr) PQtrace(connection_, file_);
}

StartupTrace::~StartupTrace() {
  if (file_ == nullptr) return;
  PQuntrace(connection_);
  std::fclose(file_);
  ::explicit_bzero(buffer_, size_);
  std::free(buffer_);
}

std::string_view StartupTrace::text() {
  if (file_ == nullptr || std::fflush(file_) != 0) return {};
  return {buffer_, size_};
}

}  // namespace weft::postgres
