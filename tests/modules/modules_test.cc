// weft beside other code in one process: in several shared libraries, and beside code that a
// program has generated from its own copies of the files that weft uses.

#include <string>

#include <dlfcn.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"

#include "etcd/rpc.weft.h"
#include "grpc/health/v1/health.weft.h"
#include "grpc/reflection/v1/reflection.weft.h"

namespace weft::test {
namespace {

using namespace std::chrono_literals;

/// What the function of a module says; its code stays, as a plug-in's does.
std::string run_module(const char* path) {
  void* const module = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) return ::dlerror();
  auto* const function = reinterpret_cast<const char* (*)()>(::dlsym(module, "weft_test_module"));
  return function == nullptr ? "no function" : function();
}

TEST(Modules, TwoInOneProcessEachWithItsOwnWeft) {
  EXPECT_EQ(run_module(FIRST_MODULE), "");
  EXPECT_EQ(run_module(SECOND_MODULE), "");
  EXPECT_EQ(run_module(FIRST_MODULE), "");
}

TEST(OwnCopies, OfAServiceOfWeftsCallIt) {
  Server server{{.listen = "127.0.0.1:0"}};
  ASSERT_TRUE(server.start().ok());
  Channel channel("127.0.0.1:" + std::to_string(server.port()));
  grpc::health::v1::HealthBlockingClient client(channel);
  const auto reply = client.Check({}, {.timeout = 20s});
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

// The program's own copy has one method of three.
TEST(OwnCopies, AreNotWhatReflectionDescribes) {
  Server server{{.listen = "127.0.0.1:0"}};
  ASSERT_TRUE(server.start().ok());
  Channel channel("127.0.0.1:" + std::to_string(server.port()));
  grpc::reflection::v1::ServerReflectionBlockingClient client(channel);
  auto stream = client.ServerReflectionInfo({.timeout = 20s});
  grpc::reflection::v1::ServerReflectionRequest request;
  request.set_file_containing_symbol("grpc.health.v1.Health");
  ASSERT_TRUE(stream.write(request));
  const auto response = stream.read();
  ASSERT_TRUE(response.has_value());
  const auto& files = response->file_descriptor_response();
  ASSERT_EQ(files.file_descriptor_proto_size(), 1) << response->DebugString();
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(file.ParseFromString(files.file_descriptor_proto(0)));
  EXPECT_EQ(file.name(), "grpc/health/v1/health.proto");
  EXPECT_EQ(file.service(0).method_size(), 3);
  static_cast<void>(stream.finish());
}

TEST(OwnCopies, KeepTheirDescriptors) {
  EXPECT_EQ(grpc::health::v1::HealthCheckRequest::descriptor()->file()->service(0)->method_count(),
            1);
  EXPECT_EQ(etcdserverpb::RangeRequest::descriptor()->field(0)->name(), "from");
}

}  // namespace
}  // namespace weft::test
