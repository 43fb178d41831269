#include "tools/weft/bench/load/call_mix.h"

#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "tools/weft/bench/test_schema.h"

namespace weft::cli::bench {
namespace {

class Mix : public ::testing::Test {
 protected:
  Result<CallMix> create(const std::vector<std::string>& methods,
                         const std::vector<std::string>& data) const {
    return CallMix::create(schema_, shares(methods), data_flags(data));
  }
  CallMix make(const std::vector<std::string>& methods,
               const std::vector<std::string>& data) const {
    Result<CallMix> mix = create(methods, data);
    EXPECT_TRUE(mix.ok()) << mix.status().to_string();
    return *std::move(mix);
  }
  Schema schema_ = test_schema();
};

TEST_F(Mix, SendsAnEmptyMessageWhereNoneIsGiven) {
  const CallMix mix = make({"test.Kinds/Unary"}, {});
  ASSERT_EQ(mix[0].messages.size(), 1U);
  EXPECT_EQ(mix[0].messages[0].bytes(), "");
  EXPECT_EQ(mix[0].descriptor.path, "/test.Kinds/Unary");
}

TEST_F(Mix, UsesTheMessagesOfAllFlagsInTurn) {
  const CallMix mix =
      make({"test.Kinds/Unary"}, {R"({"number":1}{"number":2})", R"({"number":3})"});
  ASSERT_EQ(mix[0].messages.size(), 3U);
  Rotation rotation(mix);
  for (const std::size_t expected : {0U, 1U, 2U, 0U}) EXPECT_EQ(rotation.next().message, expected);
}

TEST_F(Mix, PrefersAMethodsOwnMessages) {
  const CallMix mix = make({"test.Kinds/Unary", "test.Kinds/Collect", "test.Kinds/Chat"},
                           {"Collect={\"number\":7}", "{}", "test.Kinds/Chat={}{}"});
  EXPECT_EQ(mix[0].messages.size(), 1U);
  EXPECT_EQ(mix[0].messages[0].bytes(), "");
  EXPECT_NE(mix[1].messages[0].bytes(), "");
  EXPECT_EQ(mix[2].messages.size(), 2U);
}

TEST_F(Mix, RefusesMessagesForAMethodThatIsNotCalled) {
  EXPECT_EQ(create({"test.Kinds/Unary"}, {"Unaryy={}"}).status().message(),
            "-d: 'Unaryy' is not one of the called methods; did you mean "
            "'test.Kinds/Unary'?");
  EXPECT_FALSE(create({"test.Kinds/Unary"}, {"nary={}"}).ok());
}

TEST_F(Mix, NamesTheSourceAndThePlaceOfWrongJson) {
  const std::string path = ::testing::TempDir() + "bench-mix.json";
  std::ofstream(path) << "{}\n{\"number\": tru}";
  const Status status = create({"test.Kinds/Unary"}, {"@" + path}).status();
  EXPECT_TRUE(status.message().starts_with(path + ": line 2, column ")) << status.to_string();
  EXPECT_EQ(create({"test.Kinds/Unary"}, {""}).status().message(), "DATA: there is no JSON in it");
  EXPECT_EQ(read_data_flag("@/no/such/file").status().message(), "-d: cannot open '/no/such/file'");
}

TEST_F(Mix, NamesTheMethodThatDoesNotExistAndThoseNear) {
  EXPECT_NE(create({"test.Kinds/Unarry"}, {}).status().message().find("did you mean 'Unary'"),
            std::string_view::npos);
}

TEST_F(Mix, CallsMethodsByTheirWeightsAndEvenly) {
  const CallMix mix = make({"test.Kinds/Unary=3", "test.Kinds/Chat", "test.Kinds/Expand=2"}, {});
  Rotation rotation(mix);
  std::map<std::size_t, int> counts;
  std::size_t in_a_row = 0;
  std::size_t before = 9;
  for (int i = 0; i < 600; ++i) {
    const std::size_t method = rotation.next().method;
    ++counts[method];
    in_a_row = method == before ? in_a_row + 1 : 1;
    before = method;
    EXPECT_LE(in_a_row, 2U);
  }
  EXPECT_EQ(counts[0], 300);
  EXPECT_EQ(counts[1], 100);
  EXPECT_EQ(counts[2], 200);
}

TEST(MethodShare, IsANameAndPerhapsAWeight) {
  EXPECT_EQ(parse_method_share("a.B/C")->weight, 1U);
  EXPECT_EQ(parse_method_share("a.B/C=12")->weight, 12U);
  EXPECT_EQ(parse_method_share("a.B/C=12")->name.method, "C");
  for (const char* bad : {"a.B/C=", "a.B/C=0", "a.B/C=-1", "a.B/C=x", "a.B/C=1000001"}) {
    const Status status = parse_method_share(bad).status();
    EXPECT_EQ(status.message(),
              "'" + std::string(bad) + "': a weight from 1 to 1000000 is expected behind the =");
  }
  EXPECT_FALSE(parse_method_share("C").ok());
}

}  // namespace
}  // namespace weft::cli::bench
