#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/codec/protobuf.h"
#include "weft/rpc/call/service.h"

namespace weft {

/// A response that a part of a ParallelChannel gave.
struct PartResponse {
  std::size_t part = 0;
  Bytes response;
};

/// How a ParallelChannel takes a call apart, and its responses together.
struct ParallelOptions {
  /// The call succeeds as soon as this many parts have, and the others are cancelled. 0: it waits
  /// for all.
  std::size_t successes = 0;
  /// The call fails as soon as more parts than this have. By default none may where all are waited
  /// for, else as many as leave `successes` possible.
  std::optional<std::size_t> fail_limit{};
  /// The request of one of `parts` parts; nothing: this part is left out. Null: each gets the
  /// call's. See split_requests().
  using Split = std::function<Result<std::optional<Bytes>>(const Bytes& request, std::size_t part,
                                                           std::size_t parts)>;
  Split split = nullptr;
  /// The call's response from those of the parts that succeeded, in the order of the parts. Null:
  /// the encodings one after another, which equals protobuf's MergeFrom of the messages (protobuf's
  /// encoding guide). See merge_responses().
  using Merge = std::function<Result<Bytes>(const std::vector<PartResponse>& responses)>;
  Merge merge = nullptr;
};

/// Sends each unary call to all of its parts at once. Its metadata and trailers are those of the
/// first part that succeeded, or of the one that failed the call. Streaming methods are
/// UNIMPLEMENTED, and so are messages of another format than protobuf (CallOptions::codec). The
/// parts must outlive it; functions in the options are called on the loops of the calls.
///
///     ParallelChannel everywhere({&paris, &oslo, &rome}, {.successes = 2});
///     hello::GreeterClient greeter{everywhere};
class ParallelChannel final : public Service {
 public:
  explicit ParallelChannel(std::vector<Service*> parts, ParallelOptions options = {});
  Task<Status> serve(Call& call) override;

 private:
  Task<Status> run(Call& call);

  std::vector<Service*> parts_;
  ParallelOptions options_;
  Status valid_;
};

/// A split from a function of messages: `std::optional<Request>(const Request&, std::size_t part,
/// std::size_t parts)`.
template <class Request, class F>
ParallelOptions::Split split_requests(F split) {
  return [split = std::move(split)](const Bytes& bytes, std::size_t part,
                                    std::size_t parts) -> Result<std::optional<Bytes>> {
    Request request;
    Status parsed = codec::parse(bytes, request);
    if (!parsed.ok()) return parsed;
    const std::optional<Request> share = split(std::as_const(request), part, parts);
    if (!share) return std::optional<Bytes>();
    Result<Bytes> encoded = codec::encode(*share);
    if (!encoded.ok()) return std::move(encoded).status();
    return std::optional<Bytes>(*std::move(encoded));
  };
}

/// A merge from a function of messages that adds one part's response: `void(Response& into, const
/// Response& response, std::size_t part)`.
template <class Response, class F>
ParallelOptions::Merge merge_responses(F merge) {
  return [merge = std::move(merge)](const std::vector<PartResponse>& parts) -> Result<Bytes> {
    Response into;
    for (const PartResponse& part : parts) {
      Response response;
      Status parsed = codec::parse(part.response, response);
      if (!parsed.ok()) return parsed.with_prefix("part " + std::to_string(part.part));
      merge(into, std::as_const(response), part.part);
    }
    return codec::encode(into);
  };
}

}  // namespace weft
