#include "tools/weft/schema/schema.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tools/weft/json/json_codec.h"
#include "tools/weft/schema/proto_text.h"
#include "tools/weft/schema/source/proto_source.h"

namespace weft::cli {
namespace {

constexpr const char* kProto = R"(syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
// Sells things.
service Shop {
  // Buys one.
  rpc Buy(Order) returns (Receipt);
  rpc Watch(Order) returns (stream Receipt) { option deprecated = true; }
}
// What is wanted.
message Order {
  message Line {
    string name = 1;  // of the thing
    int32 count = 2;
  }
  repeated Line lines = 1;
  google.protobuf.Timestamp at = 2;
  map<string, Line> gifts = 3;
  string note = 4;
}
message Receipt { int64 total = 1; Order order = 2; }
)";

class SchemaTest : public testing::Test {
 protected:
  SchemaTest() : directory_(testing::TempDir()) {
    // One file per test: they may run at the same time.
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    file_ = directory_ + name + ".proto";
    write(kProto);
  }
  void write(const std::string& text) const { std::ofstream(file_) << text; }
  Schema compile() const {
    Result<Schema> schema = compile_protos({file_}, {});
    EXPECT_TRUE(schema.ok()) << schema.status().to_string();
    return *std::move(schema);
  }
  static std::string encode_error(const Schema& schema, const std::string& json) {
    JsonText text;
    text.text = json;
    const auto* order = schema.pool().FindMessageTypeByName("shop.v1.Order");
    return std::string(encode_json(schema, *order, text).status().message());
  }

  std::string directory_;
  std::string file_;
};

TEST_F(SchemaTest, FindsMethodsAndTheirKinds) {
  const Schema schema = compile();
  EXPECT_EQ(schema.services(), std::vector<std::string>{"shop.v1.Shop"});
  const Result<Method> buy = schema.method("shop.v1.Shop", "Buy");
  ASSERT_TRUE(buy.ok());
  EXPECT_EQ(buy->path, "/shop.v1.Shop/Buy");
  EXPECT_EQ(buy->kind(), MethodKind::Unary);
  const Result<Method> watch = schema.method("shop.v1.Shop", "Watch");
  ASSERT_TRUE(watch.ok());
  EXPECT_EQ(watch->kind(), MethodKind::ServerStreaming);
  EXPECT_TRUE(watch->call_descriptor().deprecated);
}

TEST_F(SchemaTest, SuggestsNearNames) {
  const Schema schema = compile();
  EXPECT_EQ(schema.method("shop.v1.Shop", "buyy").status().message(),
            "the service 'shop.v1.Shop' has no method 'buyy'; did you mean 'Buy'?");
  EXPECT_EQ(schema.service("shop.v2.Shop").status().message(),
            "there is no service 'shop.v2.Shop'; did you mean 'shop.v1.Shop'?");
}

TEST_F(SchemaTest, TurnsJsonIntoAMessageAndBack) {
  const Schema schema = compile();
  const auto* order = schema.pool().FindMessageTypeByName("shop.v1.Order");
  JsonText json;
  json.text = R"({"lines":[{"name":"tea","count":2}],"at":"2024-01-02T03:04:05Z"})";
  const Result<std::string> bytes = encode_json(schema, *order, json);
  ASSERT_TRUE(bytes.ok()) << bytes.status().to_string();
  EXPECT_EQ(*decode_to_json(schema, *order, *bytes), json.text);
  EXPECT_EQ(
      *decode_to_json(schema, *order, *bytes, {.emit_defaults = true}),
      R"({"lines":[{"name":"tea","count":2}],"at":"2024-01-02T03:04:05Z","gifts":{},"note":""})");
}

TEST_F(SchemaTest, SaysWhichFieldOfTheJsonIsWrongAndWhere) {
  const Schema schema = compile();
  EXPECT_EQ(encode_error(schema, "{\"lines\": [{},\n  {\"count\": \"x\"}]}"),
            "line 2, column 13: field lines[1].count: \"x\" is not a number; its type is int32");
  EXPECT_EQ(encode_error(schema, R"({"notes": 1})"),
            "line 1, column 2: there is no field 'notes' in shop.v1.Order; did you mean 'note'?");
  EXPECT_EQ(encode_error(schema, R"({"lines":[{"nam":1}]})"),
            "line 1, column 12: field lines[0]: there is no field 'nam' in shop.v1.Order.Line; did "
            "you mean 'name'?");
  EXPECT_EQ(encode_error(schema, "[]"),
            "line 1, column 1: expected an object for shop.v1.Order instead of [");
}

TEST_F(SchemaTest, RefusesBytesThatAreNoMessage) {
  const Schema schema = compile();
  const auto* order = schema.pool().FindMessageTypeByName("shop.v1.Order");
  const Result<std::string> json = decode_to_json(schema, *order, "\x0a\xff");
  EXPECT_EQ(json.status().code(), StatusCode::Internal);
  EXPECT_NE(json.status().message().find("shop.v1.Order"), std::string::npos);
}

TEST_F(SchemaTest, DescribesAServiceWithItsComments) {
  EXPECT_EQ(
      *describe(compile(), "shop.v1.Shop"),
      "// shop.v1.Shop in " + file_.substr(directory_.size()) +
          "\n// Sells things.\nservice Shop {\n  // Buys one.\n  rpc Buy(Order) returns "
          "(Receipt);\n  rpc Watch(Order) returns (stream Receipt) {\n    option deprecated = "
          "true;\n  }\n}\n");
}

TEST_F(SchemaTest, DescribesAMethodWithItsTypes) {
  const std::string text = *describe(compile(), "shop.v1.Shop/Buy");
  EXPECT_NE(text.find("rpc Buy(Order) returns (Receipt);"), std::string::npos) << text;
  EXPECT_NE(text.find("message Order {"), std::string::npos);
  EXPECT_NE(text.find("repeated Order.Line lines = 1;"), std::string::npos);
  EXPECT_NE(text.find("message Receipt {"), std::string::npos);
  EXPECT_NE(text.find("  google.protobuf.Timestamp at = 2;"), std::string::npos);
}

TEST_F(SchemaTest, DescribesAFileAsAFileThatCompiles) {
  const std::string name = file_.substr(directory_.size());
  const std::string text = *describe(compile(), name);
  write(text);
  const std::string again = *describe(compile(), name);
  EXPECT_EQ(again.substr(again.find("package")), text.substr(text.find("package")));
}

TEST_F(SchemaTest, RefusesAnUnknownSymbol) {
  EXPECT_EQ(describe(compile(), "shop.v1.Shap").status().message(),
            "there is no symbol 'shop.v1.Shap'; did you mean 'shop.v1.Shop'?");
}

TEST_F(SchemaTest, ReportsWhatDoesNotCompileWithItsPlace) {
  write("syntax = \"proto3\";\nmessage M { strin a = 1; }\n");
  const Status status = compile_protos({file_}, {}).status();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_NE(status.message().find(".proto:2:13: \"strin\" is not defined."), std::string::npos)
      << status.to_string();
}

TEST_F(SchemaTest, SaysThatAFileIsOfAnEdition) {
  write("// A comment.\nedition = \"2023\";\nmessage M { int32 a = 1; }\n");
  const Status status = compile_protos({file_}, {}).status();
  EXPECT_NE(status.message().find(" is of an edition, which protobuf before version 27 does not"),
            std::string::npos)
      << status.to_string();
}

TEST_F(SchemaTest, NamesAFileThatIsNotThere) {
  const Status status = compile_protos({"/nowhere/x.proto"}, {}).status();
  EXPECT_NE(status.message().find("--proto /nowhere/x.proto"), std::string::npos)
      << status.to_string();
}

/// What protoc says of `text` as a file: "OK", or what is wrong.
std::string refused(const std::string& text, const std::string& name,
                    const std::string& directory) {
  std::ofstream(directory + "/" + name) << text;
  return compile_protos({directory + "/" + name}, {directory}).status().to_string();
}

TEST_F(SchemaTest, DescribesFilesWhoseNamesHideEachOther) {
  const std::string directory = directory_ + "hidden";
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/part.proto") << R"(syntax = "proto3"; package p.weft; message T {})";
  std::ofstream(directory + "/other.proto") << R"(syntax = "proto3"; package weft; message T {})";
  const std::string head = "syntax = \"proto3\"; import \"google/protobuf/timestamp.proto\";\n";
  const std::vector<std::string> hard = {
      head + "package p; message google { .google.protobuf.Timestamp at = 1; }",
      head + "package p; message M { .google.protobuf.Timestamp at = 1; } enum google { NO = 0; }",
      head + "package p; message M { .google.protobuf.Timestamp at = 1; } service google {}",
      head + "package p.google; message M { .google.protobuf.Timestamp at = 1; M m = 2; }",
      head + "package google.x; message M { .google.protobuf.Timestamp at = 1; M m = 2; }",
      head + "package p; message M { message google {} .google.protobuf.Timestamp at = 1; }",
      head + "package p; message M { int32 google = 2; .google.protobuf.Timestamp at = 1; }",
      head +
          "package p; import \"part.proto\"; import \"other.proto\";"
          "message M { weft.T inner = 1; .weft.T outer = 2; }",
      head + "package p; message Ping {} service S { rpc Ping(.p.Ping) returns (.p.Ping); }",
      head + "package p; message M { message M {} .p.M outer = 1; M inner = 2; }",
      R"(syntax = "proto2"; package p; import "google/protobuf/descriptor.proto";
         extend google.protobuf.FieldOptions { optional int32 mark = 50000; }
         message M { optional int32 mark = 1; optional int32 b = 2 [(.p.mark) = 3]; })"};
  for (const std::string& text : hard) {
    ASSERT_EQ(refused(text, "hard.proto", directory), "OK") << text;
    const auto schema = compile_protos({directory + "/hard.proto"}, {directory});
    const std::string described = *describe(*schema, "hard.proto");
    EXPECT_EQ(refused(described, "again.proto", directory), "OK") << text << "\n" << described;
  }
}

TEST(ShortenNames, KeepsWhatWouldMeanSomethingElse) {
  NameScope scope{.package = "a.b", .types = {"U"}, .members = {"V", "W"}, .exists = {}};
  EXPECT_EQ(shorten_names(".a.b.T x; .a.b.U y; .a.b.V z; .a.b.W.I w;", scope),
            "T x; a.b.U y; a.b.V z; W.I w;");
  scope.exists = [](const std::string& name) { return name == "a.b" || name == "a.b.c"; };
  EXPECT_EQ(shorten_names("(.b.T) .c.T .d.T", scope), "(.b.T) .c.T d.T");
  EXPECT_EQ(shorten_names("map<string, .p.T>",
                          {.package = "p", .types = {}, .members = {}, .exists = {}}),
            "map<string, T>");
}

TEST(ShortenNames, LeavesStringsAndCommentsAlone) {
  const NameScope scope{.package = "p", .types = {}, .members = {}, .exists = {}};
  EXPECT_EQ(shorten_names("// see .p.T\n\" .p.T \\\" .p.T\" .p.T", scope),
            "// see .p.T\n\" .p.T \\\" .p.T\" T");
}

}  // namespace
}  // namespace weft::cli
