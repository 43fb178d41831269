#include "weft/cluster/resolvers/internal/name_resolver.h"

#include <utility>

namespace weft::cluster {

Task<> NameResolver::run(Updates& updates) {
  for (;;) {
    Result<Found> found = co_await find();
    DnsSchedule::Pause pause{};
    if (found.ok()) {
      pause = schedule_.after_answer(found->ttl);
      updates.publish(std::move(found->endpoints));
    } else {
      pause = schedule_.after_failure();
      updates.fail(std::move(found).status());
    }
    const Status again = co_await updates.wanted(pause.at_least, pause.at_most);
    if (!again.ok()) co_return;
  }
}

}  // namespace weft::cluster
