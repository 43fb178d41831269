#include "tools/weft/json/json_codec.h"

#include <fstream>
#include <string>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include "tools/weft/schema/source/proto_source.h"

namespace weft::cli {
namespace {

constexpr const char* kProto = R"(syntax = "proto3";
package d;
import "google/protobuf/any.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Numbers {
  int32 i = 1;
  int64 l = 2;
  fixed64 f = 3;
  double d = 4;
  float e = 5;
  bool b = 6;
  string s = 7;
  bytes y = 8;
  Colour c = 9;
  google.protobuf.NullValue n = 10;
}
enum Colour { RED = 0; GREEN = 1; }
message Tree {
  repeated Tree trees = 9;
  int32 leaf_count = 1;
  map<string, Tree> by_name = 2;
  Tree one = 3;
  oneof choice { int32 first = 4; string second = 5; }
  optional int32 maybe = 6;
  repeated int32 numbers = 7;
  google.protobuf.Any any = 8;
}
message Known {
  google.protobuf.Timestamp at = 1;
  google.protobuf.Struct object = 2;
  google.protobuf.Value value = 3;
  google.protobuf.ListValue list = 4;
  google.protobuf.Int32Value wrapped = 5;
  google.protobuf.Empty nothing = 6;
  int32 behind = 7;
}
)";

constexpr const char* kProto2 = R"(syntax = "proto2";
package d;
message Old {
  optional int32 number = 1 [default = 5];
  repeated int32 list = 2;
  optional group Part = 3 { optional int32 in = 1; }
}
)";

class ShownJson : public ::testing::Test {
 protected:
  static Schema compile(const std::string& text) {
    // One file per test: they may run at the same time.
    const std::string file = testing::TempDir() + "defaults_" +
                             testing::UnitTest::GetInstance()->current_test_info()->name() +
                             ".proto";
    std::ofstream(file) << text;
    Result<Schema> schema = compile_protos({file}, {});
    EXPECT_TRUE(schema.ok()) << schema.status().to_string();
    return *std::move(schema);
  }
  /// From JSON to bytes, and back with defaults.
  static std::string shown(const std::string& type, const std::string& json,
                           const std::string& proto = kProto) {
    const Schema schema = compile(proto);
    const auto& descriptor = *schema.pool().FindMessageTypeByName("d." + type);
    JsonText text;
    text.text = json;
    const Result<std::string> bytes = encode_json(schema, descriptor, text);
    if (!bytes.ok()) return bytes.status().to_string();
    const auto out = decode_to_json(schema, descriptor, *bytes, {.emit_defaults = true});
    return out.ok() ? *out : out.status().to_string();
  }
};

TEST_F(ShownJson, ShowsScalarsOfEachType) {
  EXPECT_EQ(shown("Numbers", "{}"),
            R"({"i":0,"l":"0","f":"0","d":0,"e":0,"b":false,"s":"","y":"","c":"RED","n":null})");
}

TEST_F(ShownJson, LeavesWhatIsSetAsItIs) {
  const std::string set =
      R"({"i":-1,"l":"2","f":"3","d":0.5,"e":"NaN","b":true,"s":"a\"{]","y":"AQID","c":"GREEN","n":null})";
  EXPECT_EQ(shown("Numbers", set), set);
}

TEST_F(ShownJson, ShowsEmptyListsAndMapsButNothingWithPresence) {
  EXPECT_EQ(shown("Tree", "{}"), R"({"trees":[],"leafCount":0,"byName":{},"numbers":[]})");
  EXPECT_EQ(shown("Tree", R"({"maybe":0,"first":0,"numbers":[0,1]})"),
            R"({"trees":[],"leafCount":0,"byName":{},"first":0,"maybe":0,"numbers":[0,1]})");
}

TEST_F(ShownJson, ReachesMessagesInMessagesListsAndMaps) {
  const std::string bare = R"({"trees":[],"leafCount":0,"byName":{},"numbers":[]})";
  EXPECT_EQ(shown("Tree", R"({"trees":[{},{}],"byName":{"a":{},"b":{}},"one":{}})"),
            R"({"trees":[)" + bare + "," + bare + R"(],"leafCount":0,"byName":{"a":)" + bare +
                R"(,"b":)" + bare + R"(},"one":)" + bare + R"(,"numbers":[]})");
}

TEST_F(ShownJson, ReachesWhatAnAnyHolds) {
  const std::string head = R"({"trees":[],"leafCount":0,"byName":{},"numbers":[],"any":)";
  const std::string bare = R"("trees":[],"leafCount":0,"byName":{},"numbers":[])";
  const std::string any = R"({"@type":"type.googleapis.com/)";
  EXPECT_EQ(shown("Tree", R"({"any":)" + any + R"(d.Tree"}})"),
            head + any + R"(d.Tree",)" + bare + "}}");
  const std::string inner = any + R"(d.Tree","leafCount":3})";
  const std::string outer = any + R"(google.protobuf.Any","value":)";
  EXPECT_EQ(shown("Tree", R"({"any":)" + outer + inner + "}}"),
            head + outer + any + R"(d.Tree","trees":[],"leafCount":3,"byName":{},"numbers":[]}}})");
  const std::string time = any + R"(google.protobuf.Timestamp","value":"2024-01-02T03:04:05Z"})";
  EXPECT_EQ(shown("Tree", R"({"any":)" + time + "}"), head + time + "}");
  EXPECT_EQ(shown("Tree", R"({"any":{}})"), head + "{}}");
}

TEST_F(ShownJson, LeavesTypesWithJsonOfTheirOwnAlone) {
  const std::string set =
      R"({"at":"1970-01-01T00:00:00Z","object":{"leafCount":{},"a":[{}]},"value":{"b":null},)"
      R"("list":[1,{"c":[]}],"wrapped":0,"nothing":{},"behind":1})";
  EXPECT_EQ(shown("Known", set), set);
  EXPECT_EQ(shown("Known", "{}"), R"({"behind":0})");
}

TEST_F(ShownJson, OfProto2AreListsOnly) {
  EXPECT_EQ(shown("Old", "{}", kProto2), R"({"list":[]})");
  EXPECT_EQ(shown("Old", R"({"number":0})", kProto2), R"({"number":0,"list":[]})");
}

TEST_F(ShownJson, CanBeTypedAgain) {
  const std::string tree = shown("Tree", R"({"trees":[{}],"any":{}})");
  EXPECT_EQ(shown("Tree", tree), tree);
  const std::string numbers = shown("Numbers", "{}");
  EXPECT_EQ(shown("Numbers", numbers), numbers);
}

}  // namespace
}  // namespace weft::cli
