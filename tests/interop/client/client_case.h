#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "weft/coro/task.h"
#include "weft/rpc/channel.h"

#include "src/proto/grpc/testing/test.weft.h"
#include "tests/interop/client/client_options.h"
#include "tests/interop/observed_messages.h"

namespace weft::interop {

/// What a test case has to work with. Belongs to one loop.
class Session {
 public:
  explicit Session(const ClientOptions& options)
      : options_(options), channel_(make_channel()), client_(*channel_) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const ClientOptions& options() const noexcept { return options_; }
  Channel& channel() const noexcept { return *channel_; }
  const grpc::testing::TestServiceClient& client() const noexcept { return client_; }
  /// Of the call that began last, less those of make_channel().
  const ResponseCompression& responses_compressed() const noexcept { return compressed_; }

  /// Another channel to the same server; it must not outlive this.
  std::unique_ptr<Channel> make_channel();

 private:
  const ClientOptions& options_;
  ResponseCompression compressed_;
  std::unique_ptr<Channel> channel_;
  grpc::testing::TestServiceClient client_;
};

/// A case of gRPC's doc/interop-test-descriptions.md. Ends with OK, or says what was not as it
/// should be.
struct TestCase {
  std::string_view name;
  Task<Status> (*run)(Session&);
};

std::span<const TestCase> unary_cases();
std::span<const TestCase> streaming_cases();
std::span<const TestCase> compression_cases();
std::span<const TestCase> outcome_cases();
std::span<const TestCase> orca_cases();
std::span<const TestCase> soak_cases();

}  // namespace weft::interop
