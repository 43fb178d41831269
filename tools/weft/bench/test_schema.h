#pragma once

#include <fstream>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/rpc/call/method.h"

#include "tools/weft/bench/load/call_mix.h"
#include "tools/weft/schema/schema.h"
#include "tools/weft/schema/source/proto_source.h"

namespace weft::cli::bench {

/// For this folder's tests: the types of a small service, a method of each kind.
inline Schema test_schema() {
  const std::string path = ::testing::TempDir() + "bench-" +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name() +
                           ".proto";
  std::ofstream(path) << R"(syntax = "proto3";
package test;
message Text { string value = 1; int64 number = 2; bytes raw = 3; }
service Kinds {
  rpc Unary(Text) returns (Text);
  rpc Collect(stream Text) returns (Text);
  rpc Expand(Text) returns (stream Text);
  rpc Chat(stream Text) returns (stream Text);
}
)";
  Result<Schema> schema = compile_protos({path}, {});
  EXPECT_TRUE(schema.ok()) << schema.status().to_string();
  return *std::move(schema);
}

inline std::vector<MethodShare> shares(const std::vector<std::string>& texts) {
  std::vector<MethodShare> out;
  for (const std::string& text : texts) {
    Result<MethodShare> share = parse_method_share(text);
    EXPECT_TRUE(share.ok()) << share.status().to_string();
    out.push_back(*std::move(share));
  }
  return out;
}

inline std::vector<DataFlag> data_flags(const std::vector<std::string>& texts) {
  std::vector<DataFlag> out;
  for (const std::string& text : texts) {
    Result<DataFlag> flag = read_data_flag(text);
    EXPECT_TRUE(flag.ok()) << flag.status().to_string();
    out.push_back(*std::move(flag));
  }
  return out;
}

/// Field 1 of test.Text as bytes, which is all that the server looks at.
using Text = google::protobuf::BytesValue;

inline constexpr MethodDescriptor kMethods[] = {
    {.name = "Unary", .path = "/test.Kinds/Unary"},
    {.name = "Collect", .path = "/test.Kinds/Collect", .kind = MethodKind::ClientStreaming},
    {.name = "Expand", .path = "/test.Kinds/Expand", .kind = MethodKind::ServerStreaming},
    {.name = "Chat", .path = "/test.Kinds/Chat", .kind = MethodKind::BidiStreaming}};
/// The methods of test.Kinds, for a server of tests.
inline constexpr ServiceDescriptor kDescriptor{.name = "test.Kinds", .methods = kMethods};

}  // namespace weft::cli::bench
