#include "weft/storage/sql/transact.h"

#include <algorithm>
#include <string>

#include "weft/net/loop/loop.h"

namespace weft::sql::internal {

Task<Status> pause_before(int next, TransactOptions options, Status failed) {
  if (next > options.attempts) {
    if (options.attempts <= 1) co_return failed;
    // The details hold a copy of the message, so both are made anew.
    const std::string message = "in each of " + std::to_string(options.attempts) + " attempts: ";
    co_return error_status(*error_detail(failed), message + std::string(failed.message()),
                           failed.origin());
  }
  const double doubled = static_cast<double>(std::uint64_t{1} << std::min(next - 2, 32));
  const Duration longest = std::min(scaled(options.pause, doubled), options.most);
  // From half of it up, so that a pause is always one.
  const double part = 0.5 + net::Loop::current()->rng().uniform() / 2;
  co_return co_await net::sleep(scaled(longest, part));
}

}  // namespace weft::sql::internal
