#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"

#include "kinds.weft.h"

namespace weft::test {

/// The service of kinds.proto, for the tests to call.
class Kinds final : public kinds::KindsService {
 public:
  /// How many calls of Both() have ended because they were cancelled.
  std::atomic<int> cancelled{0};

 private:
  /// Twice the value; sends the metadata "asked" back as "answered" and the trailer "done".
  Task<Result<kinds::Number>> Unary(ServerContext& context, const kinds::Number& request) override;
  /// The sum.
  Task<Result<kinds::Number>> Up(ServerContext& context, Reader<kinds::Number>& reader) override;
  /// From the value down to 1; OUT_OF_RANGE at the end for a value below 0.
  Task<Status> Down(ServerContext& context, const kinds::Number& request,
                    Writer<kinds::Number>& writer) override;
  /// Twice each value.
  Task<Status> Both(ServerContext& context, Reader<kinds::Number>& reader,
                    Writer<kinds::Number>& writer) override;
};

/// A server in memory with Kinds and whatever else a test adds, and a channel to it.
class KindsServer {
 public:
  KindsServer();

  Server& server() noexcept { return server_; }
  Kinds& kinds() noexcept { return kinds_; }
  Channel& channel() noexcept { return *channel_; }
  /// Once every service is added.
  void start();

 private:
  std::string name_;
  Server server_;
  Kinds& kinds_;
  std::unique_ptr<Channel> channel_;
};

kinds::Number number(std::int64_t value);

}  // namespace weft::test
