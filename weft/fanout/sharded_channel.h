#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/codec/protobuf.h"
#include "weft/rpc/call/service.h"

namespace weft {

/// Sends each call to the one part that a function of its first request names. Calls of all four
/// kinds; a stream without requests goes to part 0. The parts must outlive it.
///
///     ShardedChannel users({&shard0, &shard1}, shard_by<GetUserRequest>(
///         [](const GetUserRequest& request) { return std::hash<std::string>()(request.id()); }));
class ShardedChannel final : public Service {
 public:
  /// The part, below `shards`, for a first request; called on the calls' loops.
  using Pick = std::function<Result<std::size_t>(const Bytes& request, std::size_t shards)>;

  ShardedChannel(std::vector<Service*> shards, Pick pick)
      : shards_(std::move(shards)), pick_(std::move(pick)) {}
  Task<Status> serve(Call& call) override;

 private:
  Task<Status> run(Call& call);
  Result<std::size_t> shard_of(const Message& request) const;

  std::vector<Service*> shards_;
  Pick pick_;
};

/// A pick from a function `std::size_t(const Request&)`, of whose result the remainder by the
/// number of shards is taken. For methods that all have this request, or those that begin like it.
template <class Request, class F>
ShardedChannel::Pick shard_by(F key) {
  return [key = std::move(key)](const Bytes& bytes, std::size_t shards) -> Result<std::size_t> {
    Request request;
    Status parsed = codec::parse(bytes, request);
    if (!parsed.ok()) return parsed;
    return static_cast<std::size_t>(key(std::as_const(request))) % shards;
  };
}

}  // namespace weft
