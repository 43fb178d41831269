#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "collisions.weft.h"
#include "collisions_imported.weft.h"
#include "collisions_package.weft.h"
#include "deep/er/imports.weft.h"
#include "deprecated.weft.h"
#include "kinds.weft.h"
#include "lite.weft.h"
#include "named_as_its_class.weft.h"
#include "names.weft.h"
#include "no_package.weft.h"
#include "no_service.weft.h"
#include "only-enum.v1.weft.h"
#include "public_import.weft.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <class... Services>
std::vector<std::unique_ptr<ServiceDefinition>> make() {
  std::vector<std::unique_ptr<ServiceDefinition>> services;
  (services.push_back(std::make_unique<Services>()), ...);
  return services;
}

std::vector<std::unique_ptr<ServiceDefinition>> services_with_descriptors() {
  return make<
      kinds::KindsService, kinds::EmptyService, kinds::OtherService, names::TakenService_,
      names::WordsService, names::weftService, names::NestedService, ::BareService,
      old::MixedService, old::GoneService, only_enum::v1::EnumsService_,
      only_enum::v1::EnumsServiceService, weft::google::std::ImportsService, collisions::FooService,
      collisions::FooBlockingService, collisions::TwinBlockingService, collisions::Outer_Service,
      collisions::PackagedService_, collisions::MacrosService,
      collisions::PackagedService::minor::ThingsService, ::CollidingService::CollidingService>();
}

MethodKind kind_of(const ::google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? MethodKind::BidiStreaming : MethodKind::ClientStreaming;
  }
  return method.server_streaming() ? MethodKind::ServerStreaming : MethodKind::Unary;
}

void expect_same(const MethodDescriptor& ours, const ::google::protobuf::MethodDescriptor& theirs) {
  EXPECT_EQ(ours.name, theirs.name());
  EXPECT_EQ(ours.path, "/" + theirs.service()->full_name() + "/" + theirs.name());
  EXPECT_EQ(ours.kind, kind_of(theirs)) << ours.path;
  EXPECT_EQ(ours.deprecated, theirs.options().deprecated()) << ours.path;
  EXPECT_EQ(ours.idempotent, theirs.options().idempotency_level() !=
                                 ::google::protobuf::MethodOptions::IDEMPOTENCY_UNKNOWN)
      << ours.path;
  EXPECT_EQ(ours.no_side_effects, theirs.options().idempotency_level() ==
                                      google::protobuf::MethodOptions::NO_SIDE_EFFECTS);
}

TEST(GeneratedDescriptor, SaysOfEveryServiceWhatProtobufSays) {
  for (const auto& service : services_with_descriptors()) {
    const ServiceDescriptor& ours = service->descriptor();
    SCOPED_TRACE(ours.name);
    ASSERT_NE(ours.file, nullptr);
    const ::google::protobuf::FileDescriptor* file = ours.file();
    ASSERT_NE(file, nullptr);
    const auto* theirs = file->pool()->FindServiceByName(std::string(ours.name));
    ASSERT_NE(theirs, nullptr);
    EXPECT_EQ(theirs->file(), file);
    ASSERT_EQ(ours.methods.size(), static_cast<std::size_t>(theirs->method_count()));
    for (int i = 0; i < theirs->method_count(); ++i) {
      expect_same(ours.methods[static_cast<std::size_t>(i)], *theirs->method(i));
    }
  }
}

TEST(GeneratedDescriptor, KnowsTheFileOfAServiceWithImportedMessagesOnly) {
  const weft::google::std::ImportsService service;
  EXPECT_EQ(service.descriptor().file()->name(), "deep/er/imports.proto");
}

TEST(GeneratedDescriptor, HasNoFileForTheLiteRuntime) {
  const lite::LiteService service;
  EXPECT_EQ(service.descriptor().name, "weft.test.lite.Lite");
  EXPECT_EQ(service.descriptor().file, nullptr);
}

TEST(GeneratedDescriptor, KeepsThePathOfAMethodRenamedInCpp) {
  const names::WordsService service;
  EXPECT_EQ(service.descriptor().methods[0].path, "/weft.test.names.Words/delete");
  EXPECT_EQ(service.descriptor().methods[1].path, "/weft.test.names.Words/delete_");
}

// Overriding shows that the escaped names are what they are documented to be.
struct Words final : names::WordsService {
  using Class = names::class_;
  Task<Result<names::class__delete>> delete__(ServerContext&, const Class&) override {
    return invalid_argument("delete");
  }
  Task<Result<names::class__delete>> delete_(ServerContext&, const Class&) override {
    return invalid_argument("delete_");
  }
  Task<Result<Class>> NULL_(ServerContext&, const Class&) override { return Class(); }
  Task<Result<Class>> serve___(ServerContext&, const Class&) override { return Class(); }
  Task<Result<Class>> WordsClient_(ServerContext&, const Class&) override { return Class(); }
};

TEST(GeneratedName, IsTheProtosWithUnderscoresWhereCppReservesIt) {
  EXPECT_EQ(Words().descriptor().name, "weft.test.names.Words");
}

// The names that are documented: who comes first keeps the plain one.
struct Macros final : collisions::MacrosService {
  using Message = collisions::kFooMethods;
  Task<Result<Message>> alloca_(ServerContext&, const Message&) override { return Message(); }
  Task<Result<Message>> INT_MAX_(ServerContext&, const Message&) override { return Message(); }
  Task<Result<Message>> EAGAIN_(ServerContext&, Reader<Message>&) override { return Message(); }
  Task<Result<Message>> major_(ServerContext&, const Message&) override { return Message(); }
};

TEST(GeneratedName, AvoidsTheSystemsMacros) {
  EXPECT_EQ(Macros().descriptor().methods[1].path, "/weft.test.collisions.Macros/INT_MAX");
}

TEST(GeneratedName, KeepsTwoServicesApart) {
  Channel channel("memory:nowhere");
  const collisions::FooBlockingClient blocking_of_foo(channel);
  const collisions::FooBlockingClient_ of_foo_blocking(channel);
  const collisions::TwinBlockingClient blocking_of_twin(channel);
  const collisions::TwinBlockingClient_ of_twin_blocking(channel);
  const collisions::Outer_Client_ of_outer(channel);
  EXPECT_EQ(collisions::FooBlockingService().descriptor().name, "weft.test.collisions.FooBlocking");
}

std::string text_of(const std::string& name) {
  const std::ifstream file(name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(GeneratedComment, IsTheProtosAndStaysAComment) {
  const std::string header = text_of(WEFT_GENERATED_BASE "/kinds.weft.h");
  EXPECT_THAT(header, HasSubstr("/// All four kinds.\n"));
  EXPECT_THAT(header, HasSubstr("/// $dollars$ are text"));
  EXPECT_THAT(header, HasSubstr("///   Indented text keeps its indentation.\n"));
  EXPECT_THAT(header, HasSubstr("  /// Doubles a number.\n"));
  EXPECT_THAT(header, HasSubstr("  /// Adds them up.\n"));
  EXPECT_THAT(header, HasSubstr("  /// of the other kind.\n"));
  EXPECT_THAT(header, Not(HasSubstr("\\\n")));
}

TEST(GeneratedHeader, MarksWhatIsDeprecatedForCallersOnly) {
  const std::string header = text_of(WEFT_GENERATED_DIR "/deprecated.weft.h");
  std::size_t count = 0;
  for (std::size_t at = 0; (at = header.find("[[deprecated", at)) != std::string::npos; ++at) {
    ++count;
  }
  // Two methods and one service, in two clients each; the unary one and the service in Calls.
  EXPECT_EQ(count, 8U);
  EXPECT_THAT(header, HasSubstr("class GoneService : public ::weft::ServiceDefinition {"));
}

TEST(GeneratedHeader, IsEmptyButValidWithoutServices) {
  EXPECT_THAT(text_of(WEFT_GENERATED_BASE "/no_service.weft.h"), Not(HasSubstr("weft/rpc")));
  EXPECT_THAT(text_of(WEFT_GENERATED_BASE "/public_import.weft.h"), Not(HasSubstr("weft/rpc")));
}

}  // namespace
}  // namespace weft::test
