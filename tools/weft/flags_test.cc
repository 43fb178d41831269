#include <string>

#include <gtest/gtest.h>

#include "tools/weft/address_text.h"
#include "tools/weft/call/call_trace.h"
#include "tools/weft/call/header_flag.h"
#include "tools/weft/duration_text.h"
#include "tools/weft/schema/near_names.h"
#include "tools/weft/schema/schema.h"

namespace weft::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Duration, ReadsANumberAndAUnit) {
  EXPECT_EQ(*parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(*parse_duration("2s"), seconds(2));
  EXPECT_EQ(*parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(*parse_duration("2m"), seconds(120));
  EXPECT_EQ(*parse_duration("1h"), seconds(3600));
  EXPECT_EQ(*parse_duration("10us"), std::chrono::microseconds(10));
  EXPECT_EQ(*parse_duration("7ns"), Duration(7));
}

TEST(Duration, RefusesEverythingElseAndNamesIt) {
  for (const char* bad :
       {"", "5", "ms", "-1s", "0s", "1 s", "1x", "1s2", "inf", "1e3s", "999999h9", "300000000h"}) {
    const Result<Duration> result = parse_duration(bad);
    ASSERT_FALSE(result.ok()) << bad;
    EXPECT_TRUE(result.status().message().starts_with("'" + std::string(bad) + "'"));
  }
}

TEST(ShortDuration, KeepsThreeDigits) {
  EXPECT_EQ(short_duration(Duration(840'000)), "840 us");
  EXPECT_EQ(short_duration(Duration(1'240'000)), "1.24 ms");
  EXPECT_EQ(short_duration(Duration(12'400'000)), "12.4 ms");
  EXPECT_EQ(short_duration(Duration(2'500'000'000)), "2.50 s");
  EXPECT_EQ(short_duration(Duration(10)), "0.01 us");
}

TEST(Address, AcceptsEveryFormAndMakesAPortThisMachine) {
  EXPECT_EQ(*target_of(":50051"), "localhost:50051");
  for (const char* good : {"localhost:1", "dns:///a.example:80", "ipv4:127.0.0.1:80",
                           "ipv6:[::1]:80", "unix:/run/x.sock", "[::1]:80", "127.0.0.1:80"}) {
    const Result<std::string> target = target_of(good);
    ASSERT_TRUE(target.ok()) << good << ": " << target.status().to_string();
    EXPECT_EQ(*target, good);
  }
}

TEST(Address, NamesWhatItCannotReadAndTheForms) {
  for (const char* bad : {"", "localhost", "localhost:x", ":99999", "ipv4:nowhere:1"}) {
    const Result<std::string> target = target_of(bad);
    ASSERT_FALSE(target.ok()) << bad;
    EXPECT_NE(target.status().message().find("host:port"), std::string::npos);
  }
}

TEST(Header, ReadsANameAndAValue) {
  Metadata metadata;
  EXPECT_TRUE(add_header("Authorization:  Bearer a:b ", metadata).ok());
  EXPECT_TRUE(add_header("empty:", metadata).ok());
  EXPECT_EQ(metadata.get("authorization"), "Bearer a:b");
  EXPECT_EQ(metadata.get("empty"), "");
}

TEST(Header, DecodesBase64OfBinaryValues) {
  Metadata metadata;
  ASSERT_TRUE(add_header("key-bin: AQID", metadata).ok());
  EXPECT_EQ(metadata.get("key-bin"), "\x01\x02\x03");
  for (const char* alike : {"a-bin: +/8=", "a-bin: -_8=", "a-bin: -_8", "a-bin: +_8"}) {
    Metadata one;
    ASSERT_TRUE(add_header(alike, one).ok()) << alike;
    EXPECT_EQ(one.get("a-bin"), "\xfb\xff") << alike;
  }
  const Status status = add_header("key-bin: ???", metadata);
  EXPECT_NE(status.message().find("base64"), std::string::npos) << status.to_string();
}

TEST(Header, RefusesWhatAnApplicationMayNotSend) {
  Metadata metadata;
  for (const char* bad : {"no colon", "grpc-timeout: 1S", ":path: /x", "a b: c", ": x"}) {
    const Status status = add_header(bad, metadata);
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << bad;
    EXPECT_TRUE(status.message().starts_with("-H '" + std::string(bad) + "'")) << bad;
  }
  EXPECT_TRUE(metadata.empty());
}

TEST(MethodName, ReadsSlashAndDot) {
  for (const char* good : {"a.b.C/M", "/a.b.C/M", "a.b.C.M"}) {
    const Result<MethodName> name = parse_method_name(good);
    ASSERT_TRUE(name.ok()) << good;
    EXPECT_EQ(name->service, "a.b.C");
    EXPECT_EQ(name->method, "M");
  }
  for (const char* bad : {"", "M", "/", "a/", "/M", "a/b/c"}) {
    EXPECT_FALSE(parse_method_name(bad).ok()) << bad;
  }
}

TEST(NearNames, CountsEditsWithoutCase) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("Add", "add"), 0u);
  EXPECT_EQ(edit_distance("Sbu", "Sub"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
}

TEST(NearNames, SuggestsTheNearestFirstAndNothingFarAway) {
  const std::vector<std::string> names = {"Multiply", "Divide", "Sum", "Add"};
  EXPECT_EQ(near_names("Mutliply", names), std::vector<std::string>{"Multiply"});
  EXPECT_TRUE(near_names("Greet", names).empty());
  EXPECT_EQ(did_you_mean("Ad", names), "; did you mean 'Add'?");
  EXPECT_EQ(did_you_mean("Nothing", names), "");
}

TEST(NearNames, ComparesTheLastPartOfDottedNames) {
  const std::vector<std::string> names = {"calculator.v1.Calculator", "hello.Greeter"};
  EXPECT_EQ(near_names("Calculatr", names), std::vector<std::string>{"calculator.v1.Calculator"});
  EXPECT_EQ(near_names("calc.v2.Calculator", names),
            std::vector<std::string>{"calculator.v1.Calculator"});
}

}  // namespace
}  // namespace weft::cli
