#include "weft/base/result.h"

#include <string>

#include "weft/base/fatal.h"

namespace weft {

void base::no_value(const Status& status) noexcept {
  fatal("the value of a failed Result was used, without asking ok() first; its status is " +
        status.to_string());
}

}  // namespace weft
