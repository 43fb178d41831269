#include "weft/coro/task.h"

namespace weft::coro {

void PromiseBase::rethrow(std::exception_ptr& exception) {
  std::rethrow_exception(std::move(exception));
}

}  // namespace weft::coro
