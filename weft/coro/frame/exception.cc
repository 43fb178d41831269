#include "weft/coro/frame/exception.h"

#include <exception>
#include <new>
#include <string>

#include "weft/base/log.h"
#include "weft/base/log/log_value.h"

namespace weft::coro {

Status status_of_current_exception(std::string_view where) noexcept {
  std::string line(where);
  try {
    throw;
  } catch (const std::bad_alloc&) {
    log(LogLevel::Error, line.append(": out of memory"));
    return resource_exhausted(std::string(where).append(": there is no memory for this call"));
  } catch (const std::exception& error) {
    log(LogLevel::Error, line.append(": exception: ").append(log_value(error.what())));
  } catch (...) {
    log(LogLevel::Error, line.append(": exception: ").append(log_value("not a std::exception")));
  }
  return internal_error(std::string(where).append(": an exception was thrown"));
}

}  // namespace weft::coro
