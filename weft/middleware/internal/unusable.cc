#include "weft/middleware/internal/unusable.h"

#include <cstdio>

#include "weft/base/log.h"

namespace weft::middleware {

Status impossible(std::string_view option, std::string_view value, std::string_view expected) {
  return invalid_argument(
      std::string(option).append(": ").append(value).append(": ").append(expected));
}

Status impossible(std::string_view option, double value, std::string_view expected) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return impossible(option, std::string_view(text), expected);
}

namespace {

struct Unusable {
  Status why;
  Task<Status> operator()(Call&, Next) const { return Status(why); }
};

}  // namespace

Middleware unusable(Status why) {
  log(LogLevel::Error, "a policy cannot be used: " + why.to_string());
  return Unusable{failed_precondition(why.message())};
}

}  // namespace weft::middleware
