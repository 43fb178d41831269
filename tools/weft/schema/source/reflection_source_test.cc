// The reflection client against servers that mean harm, in virtual time.

#include "tools/weft/schema/source/reflection_source.h"

#include <functional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "weft/net/loop/loop.h"
#include "weft/rpc/server/handler.h"
#include "weft/testing/in_process.h"

#include "grpc/reflection/v1/reflection.pb.h"

namespace weft::cli {
namespace {

using namespace std::chrono_literals;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;
using weft::testing::InProcess;

constexpr MethodDescriptor kMethods[] = {
    {.name = "ServerReflectionInfo",
     .path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
     .kind = MethodKind::BidiStreaming}};
constexpr ServiceDescriptor kDescriptor{.name = "grpc.reflection.v1.ServerReflection",
                                        .methods = kMethods};

/// Answers each question as the test says; false: never.
class Reflection final : public ServiceDefinition {
 public:
  using Answer = std::function<bool(const ServerReflectionRequest&, ServerReflectionResponse&)>;

  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t, Call& call) override {
    return rpc::serve_bidi_streaming(call, *this, &Reflection::answer_all);
  }
  Task<Status> answer_all(ServerContext&, Reader<ServerReflectionRequest>& reader,
                          Writer<ServerReflectionResponse>& writer) {
    ServerReflectionRequest request;
    while (co_await reader.read(request)) {
      ++questions;
      static_cast<void>(co_await net::sleep(takes));
      ServerReflectionResponse response;
      if (!answer(request, response)) co_return co_await net::sleep(kForever);
      const bool written = co_await writer.write(response);
      if (!written) co_return writer.status();
    }
    co_return ok_status();
  }

  Answer answer;
  Duration takes{};
  int questions = 0;
};

void add_file(const std::string& name, const std::string& import,
              ServerReflectionResponse& response) {
  google::protobuf::FileDescriptorProto file;
  file.set_name(name);
  if (!import.empty()) file.add_dependency(import);
  file.SerializeToString(response.mutable_file_descriptor_response()->add_file_descriptor_proto());
}

class HostileReflection : public ::testing::Test {
 protected:
  HostileReflection() { reflection_ = &world_.add<Reflection>(); }

  Status load(const CallOptions& options = {}) {
    Channel& channel = world_.channel();
    began_ = world_.now();
    return world_.run(load_symbol(channel, options));
  }
  static Task<Status> load_symbol(Channel& channel, CallOptions options) {
    ReflectionSource source(channel, options);
    co_return co_await source.load_symbol("a.Service");
  }
  Duration passed() const { return world_.now() - began_; }

  int number_ = 0;  // before the world, whose handlers may still ask for it when it ends
  InProcess world_{{.link = {.latency = 1ms, .jitter = 0ns}}};
  Reflection* reflection_ = nullptr;
  TimePoint began_{};
};

bool has(const Status& status, const std::string& text) {
  return std::string(status.message()).find(text) != std::string::npos;
}

TEST_F(HostileReflection, EndlessImportsEndAtTheLimitOfFiles) {
  reflection_->answer = [this](const ServerReflectionRequest& request, auto& response) {
    add_file(request.file_by_filename(), std::to_string(++number_), response);
    return true;
  };
  const Status status = load();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_TRUE(has(status, "more than 2000 files, the limit")) << status.to_string();
  EXPECT_EQ(reflection_->questions, 2001);
}

TEST_F(HostileReflection, ManySlowFilesEndAtTheLimitOfTime) {
  reflection_->takes = 100ms;
  reflection_->answer = [this](const ServerReflectionRequest& request, auto& response) {
    add_file(request.file_by_filename(), std::to_string(++number_), response);
    return true;
  };
  const Status status = load();
  EXPECT_EQ(status.code(), StatusCode::DeadlineExceeded);
  EXPECT_TRUE(has(status, "not come within 10s, the limit without --timeout; so far there are 9"))
      << status.to_string();
  EXPECT_LT(passed(), 11s);
}

TEST_F(HostileReflection, ASilentServerEndsAtTheTimeLimit) {
  reflection_->answer = [](const ServerReflectionRequest& request, auto& response) {
    add_file(request.file_by_filename(), "another", response);
    return request.file_by_filename().empty();
  };
  const Status status = load();
  EXPECT_EQ(status.code(), StatusCode::DeadlineExceeded);
  EXPECT_LT(passed(), 11s);
}

TEST_F(HostileReflection, ATimeoutTakesThePlaceOfTheLimit) {
  reflection_->takes = 100ms;
  reflection_->answer = [this](const ServerReflectionRequest& request, auto& response) {
    const std::string import = number_ < 200 ? std::to_string(++number_) : "";
    add_file(request.file_by_filename(), import, response);
    return true;
  };
  EXPECT_TRUE(load({.timeout = 60s}).ok());
  EXPECT_GT(passed(), 20s);
}

TEST_F(HostileReflection, LongNamesOfImportsAreRefused) {
  reflection_->answer = [](const ServerReflectionRequest&, auto& response) {
    add_file("a", std::string(100'000, 'x'), response);
    return true;
  };
  const Status status = load();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_TRUE(has(status, "a name of 100000 bytes")) << status.to_string();
  EXPECT_EQ(reflection_->questions, 1);
}

}  // namespace
}  // namespace weft::cli
