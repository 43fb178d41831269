#pragma once

#include <vector>

#include "weft/cluster/resolvers/internal/dns_schedule.h"
#include "weft/cluster/resolvers/resolver.h"

namespace weft::cluster {

/// Asks for a name again and again, as its answers' time to live and its failures have it.
class NameResolver : public Resolver {
 public:
  Task<> run(Updates& updates) final;

 protected:
  struct Found {
    std::vector<Endpoint> endpoints;
    Duration ttl;
  };
  explicit NameResolver(net::Loop& loop) : schedule_(loop.rng()) {}
  /// Asks once.
  virtual Task<Result<Found>> find() = 0;

 private:
  DnsSchedule schedule_;
};

}  // namespace weft::cluster
