#include "weft/middleware/config/internal/method_names.h"

#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

namespace weft::middleware {
namespace {

namespace pb = google::protobuf;

/// As generated code does for a file that is linked in.
class MethodNames : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    pb::FileDescriptorProto file;
    file.set_name("method_names_test.proto");
    file.set_package("names");
    file.add_message_type()->set_name("Nothing");
    pb::ServiceDescriptorProto& service = *file.add_service();
    service.set_name("Shop");
    for (const char* name : {"Buy", "Sell"}) {
      pb::MethodDescriptorProto& method = *service.add_method();
      method.set_name(name);
      method.set_input_type(".names.Nothing");
      method.set_output_type(".names.Nothing");
    }
    static const std::string bytes = file.SerializeAsString();
    pb::DescriptorPool::InternalAddGeneratedFile(bytes.data(), static_cast<int>(bytes.size()));
  }
};

TEST_F(MethodNames, OfLinkedServicesAreKnown) {
  EXPECT_EQ(doubt_about("names.Shop", "Buy"), "");
  EXPECT_EQ(doubt_about("names.Shop", ""), "");
  EXPECT_EQ(doubt_about("", ""), "");
}

TEST_F(MethodNames, OfGrpcsOwnServicesAreTakenAsTheyAre) {
  EXPECT_EQ(doubt_about("grpc.health.v1.Health", "Check"), "");
}

TEST_F(MethodNames, ThatNobodyHasAreDoubted) {
  EXPECT_EQ(doubt_about("names.Shop", "buy"), "names.Shop has no method 'buy'; it has Buy Sell");
  EXPECT_EQ(doubt_about("names.Shp", "Buy"), "no service of this program is called 'names.Shp'");
}

}  // namespace
}  // namespace weft::middleware
