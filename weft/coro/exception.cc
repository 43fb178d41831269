#include "weft/coro/exception.h"

#include <exception>
#include <string>

#include "weft/base/log.h"
#include "weft/base/log_value.h"

namespace weft::coro {
namespace {

std::string text_of_current_exception() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace

Status status_of_current_exception(std::string_view where) noexcept {
  std::string line(where);
  line.append(": exception: ").append(log_value(text_of_current_exception()));
  log(LogLevel::Error, line);
  return internal_error(std::string(where).append(": an exception was thrown"));
}

}  // namespace weft::coro
