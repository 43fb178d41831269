#include "weft/middleware/internal/unusable.h"

#include "weft/base/log.h"
#include "weft/base/text/number_text.h"

namespace weft::middleware {

Status impossible(std::string_view option, std::string_view value, std::string_view expected) {
  return invalid_argument(
      std::string(option).append(": ").append(value).append(": ").append(expected));
}

Status impossible(std::string_view option, double value, std::string_view expected) {
  return impossible(option, std::string_view(number_text(value)), expected);
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
