#include "weft/rpc/services/reflection.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "weft/testing/in_process.h"

#include "weft_wire/grpc/health/v1/health.pb.h"
#include "weft_wire/grpc/reflection/v1/reflection.weft.h"
#include "weft_wire/grpc/reflection/v1alpha/reflection.weft.h"

namespace weft {
namespace {

namespace v1 = weft_wire::grpc::reflection::v1;
namespace v1alpha = weft_wire::grpc::reflection::v1alpha;
using testing::InProcess;

/// Asks the questions on one stream.
template <class Client, class Request, class Response>
Task<std::vector<Response>> ask_with(Channel& channel, std::vector<Request> requests) {
  const Client client{channel};
  auto stream = co_await client.ServerReflectionInfo();
  std::vector<Response> responses;
  for (const Request& request : requests) {
    const bool written = co_await stream.write(request);
    if (!written) break;
    std::optional<Response> response = co_await stream.read();
    if (!response) break;
    responses.push_back(*std::move(response));
  }
  const Status status = co_await stream.finish();
  EXPECT_TRUE(status.ok()) << status.to_string();
  co_return responses;
}

Task<std::vector<v1::ServerReflectionResponse>> ask(
    Channel& channel, std::vector<v1::ServerReflectionRequest> requests) {
  return ask_with<v1::ServerReflectionClient, v1::ServerReflectionRequest,
                  v1::ServerReflectionResponse>(channel, std::move(requests));
}

v1::ServerReflectionRequest symbol(const std::string& name) {
  v1::ServerReflectionRequest request;
  request.set_host("a.host");
  request.set_file_containing_symbol(name);
  return request;
}

v1::ServerReflectionResponse ask_one(const v1::ServerReflectionRequest& request) {
  InProcess world;
  auto responses = world.run(ask(world.channel(), {request}));
  EXPECT_EQ(responses.size(), 1u);
  return responses.empty() ? v1::ServerReflectionResponse() : responses.front();
}

std::vector<std::string> file_names(const v1::ServerReflectionResponse& response) {
  std::vector<std::string> names;
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto file;
    EXPECT_TRUE(file.ParseFromString(bytes));
    names.push_back(file.name());
  }
  return names;
}

TEST(Reflection, ListsEveryServiceAndItself) {
  v1::ServerReflectionRequest request;
  request.set_list_services("");
  const v1::ServerReflectionResponse response = ask_one(request);
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) {
    names.push_back(service.name());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"grpc.health.v1.Health",
                                             "grpc.reflection.v1.ServerReflection",
                                             "grpc.reflection.v1alpha.ServerReflection"}));
}

TEST(Reflection, RepeatsTheQuestion) {
  const v1::ServerReflectionResponse response = ask_one(symbol("grpc.health.v1.Health"));
  EXPECT_EQ(response.valid_host(), "a.host");
  EXPECT_EQ(response.original_request().file_containing_symbol(), "grpc.health.v1.Health");
}

TEST(Reflection, FindsTheFileOfEveryKindOfSymbol) {
  for (const char* name :
       {"grpc.health.v1.Health", "grpc.health.v1.Health.Check", "grpc.health.v1.HealthCheckRequest",
        "grpc.health.v1.HealthCheckResponse.ServingStatus",
        "grpc.health.v1.HealthCheckRequest.service"}) {
    EXPECT_EQ(file_names(ask_one(symbol(name))),
              std::vector<std::string>{"grpc/health/v1/health.proto"})
        << name;
  }
}

TEST(Reflection, SendsAFileWithWhatItImports) {
  v1::ServerReflectionRequest request;
  request.set_file_by_filename("google/protobuf/type.proto");
  const std::vector<std::string> names = file_names(ask_one(request));
  EXPECT_EQ(names,
            (std::vector<std::string>{"google/protobuf/type.proto", "google/protobuf/any.proto",
                                      "google/protobuf/source_context.proto"}));
}

TEST(Reflection, SendsAnImportOnceAndRequestedFilesAlways) {
  v1::ServerReflectionRequest type;
  type.set_file_by_filename("google/protobuf/type.proto");
  v1::ServerReflectionRequest api;
  api.set_file_by_filename("google/protobuf/api.proto");
  InProcess world;
  const auto responses = world.run(ask(world.channel(), {type, api, type}));
  ASSERT_EQ(responses.size(), 3u);
  EXPECT_EQ(file_names(responses[0]).size(), 3u);
  EXPECT_EQ(file_names(responses[1]), std::vector<std::string>{"google/protobuf/api.proto"});
  EXPECT_EQ(file_names(responses[2]), std::vector<std::string>{"google/protobuf/type.proto"});
}

TEST(Reflection, AnswersUnknownSymbolsWithNotFound) {
  v1::ServerReflectionRequest file;
  file.set_file_by_filename("no.proto");
  v1::ServerReflectionRequest extension;
  extension.mutable_file_containing_extension()->set_containing_type("no.Type");
  extension.mutable_file_containing_extension()->set_extension_number(7);
  v1::ServerReflectionRequest numbers;
  numbers.set_all_extension_numbers_of_type("no.Type");
  InProcess world;
  const auto responses =
      world.run(ask(world.channel(), {symbol("no.Symbol"), file, extension, numbers}));
  ASSERT_EQ(responses.size(), 4u);
  for (const auto& response : responses) {
    EXPECT_EQ(response.error_response().error_code(), 5) << response.ShortDebugString();
  }
  EXPECT_EQ(responses[0].error_response().error_message(),
            "reflection: no symbol 'no.Symbol' is known to this server");
}

TEST(Reflection, AnswersAnEmptyQuestionWithInvalidArgument) {
  const v1::ServerReflectionResponse response = ask_one(v1::ServerReflectionRequest());
  EXPECT_EQ(response.error_response().error_code(), 3);
}

TEST(Reflection, RepeatsOnlyTheBeginningOfALongName) {
  const std::string name(3000, 'n');
  v1::ServerReflectionRequest file;
  file.set_file_by_filename(name);
  v1::ServerReflectionRequest extension;
  extension.mutable_file_containing_extension()->set_containing_type(name);
  v1::ServerReflectionRequest numbers;
  numbers.set_all_extension_numbers_of_type(name);
  InProcess world;
  const auto responses = world.run(ask(world.channel(), {symbol(name), file, extension, numbers}));
  ASSERT_EQ(responses.size(), 4U);
  for (const auto& response : responses) {
    EXPECT_EQ(response.error_response().error_code(), 5);
    EXPECT_NE(response.error_response().error_message().find("... (3000 bytes)'"),
              std::string::npos)
        << response.error_response().error_message();
  }
}

TEST(Reflection, RefusesALargeRequest) {
  InProcess world;
  Channel& channel = world.channel();
  v1::ServerReflectionRequest request = symbol("a.B");
  request.set_host(std::string(5000, 'h'));
  const Status status =
      world.run([](Channel& to, v1::ServerReflectionRequest large) -> Task<Status> {
        const v1::ServerReflectionClient client{to};
        auto stream = co_await client.ServerReflectionInfo();
        const bool written = co_await stream.write(large);
        EXPECT_TRUE(written);
        EXPECT_FALSE((co_await stream.read()).has_value());
        co_return co_await stream.finish();
      }(channel, request));
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted) << status.to_string();
  EXPECT_NE(status.message().find("4096"), std::string_view::npos) << status.message();
}

TEST(Reflection, KnowsATypeWithoutExtensions) {
  v1::ServerReflectionRequest request;
  request.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  const v1::ServerReflectionResponse response = ask_one(request);
  EXPECT_EQ(response.all_extension_numbers_response().base_type_name(),
            "google.protobuf.MethodOptions");
  EXPECT_EQ(response.all_extension_numbers_response().extension_number_size(), 0);
}

TEST(Reflection, SpeaksTheOlderVersionToo) {
  v1alpha::ServerReflectionRequest request;
  request.set_file_containing_symbol("grpc.reflection.v1alpha.ServerReflection");
  InProcess world;
  Channel& channel = world.channel();
  const auto responses =
      world.run(ask_with<v1alpha::ServerReflectionClient, v1alpha::ServerReflectionRequest,
                         v1alpha::ServerReflectionResponse>(channel, {request}));
  ASSERT_EQ(responses.size(), 1u);
  google::protobuf::FileDescriptorProto file;
  ASSERT_EQ(responses[0].file_descriptor_response().file_descriptor_proto_size(), 1);
  ASSERT_TRUE(
      file.ParseFromString(responses[0].file_descriptor_response().file_descriptor_proto(0)));
  EXPECT_EQ(file.name(), "grpc/reflection/v1alpha/reflection.proto");
}

}  // namespace
}  // namespace weft
