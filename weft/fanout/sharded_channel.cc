#include "weft/fanout/sharded_channel.h"

#include <string>

namespace weft {
namespace {

/// A call's requests with the first, which has been read, put back in front.
class PutBack final : public MessageReader {
 public:
  PutBack(Call& call, Message first)
      : call_(call), source_(call.requests()), first_(std::move(first)) {
    call_.set_requests(*this);
  }
  PutBack(const PutBack&) = delete;
  PutBack& operator=(const PutBack&) = delete;
  ~PutBack() { call_.set_requests(source_); }

  Poll poll(Message& out) override {
    if (!given_) {
      given_ = true;
      out = first_;
      return Poll::Message;
    }
    if (first_.last()) return Poll::End;
    const Poll polled = source_.poll(out);
    passed_ = passed_ || polled == Poll::Message;
    return polled;
  }
  void wait(Waiter& waiter) noexcept override {
    if (given_ && !first_.last()) return source_.wait(waiter);
    call_.loop().ready(waiter);
  }
  bool unwait() noexcept override { return source_.unwait(); }
  bool rewind() noexcept override {
    if (passed_) return false;
    given_ = false;
    return true;
  }

 private:
  Call& call_;
  MessageReader& source_;
  Message first_;
  bool given_ = false;
  bool passed_ = false;  // a message after the first was taken
};

}  // namespace

Task<Status> ShardedChannel::serve(Call& call) {
  if (shards_.empty()) return failed_precondition("ShardedChannel: there are no shards");
  if (call.codec() != nullptr) {
    return unimplemented(
        "a ShardedChannel chooses by requests of protobuf, and the messages of "
        "this call are " +
        std::string(call.codec()->name()));
  }
  return run(call);
}

Result<std::size_t> ShardedChannel::shard_of(const Message& request) const {
  Result<std::size_t> shard = pick_(request.bytes(), shards_.size());
  if (!shard.ok()) return shard.status().with_prefix("choosing a shard");
  if (*shard < shards_.size()) return shard;
  return internal_error("the request was given to shard " + std::to_string(*shard) +
                        ", and there are only " + std::to_string(shards_.size()));
}

Task<Status> ShardedChannel::run(Call& call) {
  std::optional<Message> first = co_await call.requests().read();
  if (call.context().is_cancelled()) co_return call.context().cancel_reason();
  if (!first) co_return co_await shards_[0]->serve(call);
  const Result<std::size_t> shard = shard_of(*first);
  if (!shard.ok()) co_return shard.status();
  const PutBack requests(call, std::move(*first));
  co_return co_await shards_[*shard]->serve(call);
}

}  // namespace weft
