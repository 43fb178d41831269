#include "tools/weft/bench/load/message_template.h"

#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tools/weft/bench/test_schema.h"
#include "tools/weft/json/json_codec.h"

namespace weft::cli::bench {
namespace {

class Template : public ::testing::Test {
 protected:
  const google::protobuf::Descriptor& type() const {
    return *schema_.pool().FindMessageTypeByName("test.Text");
  }
  Result<MessageTemplate> create(const std::string& text) const {
    const Result<std::vector<JsonText>> values = split_templates(text);
    if (!values.ok()) return values.status();
    EXPECT_EQ(values->size(), 1U);
    return MessageTemplate::create(schema_, type(), values->front());
  }
  MessageTemplate make(const std::string& text) const {
    Result<MessageTemplate> made = create(text);
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return *std::move(made);
  }
  std::string error(const std::string& text) const {
    return std::string(create(text).status().message());
  }
  /// What was encoded, as JSON.
  std::string decoded(const std::string& bytes) const {
    return *decode_to_json(schema_, type(), bytes);
  }

  Schema schema_ = test_schema();
};

TEST_F(Template, WithoutVariablesIsEncodedOnce) {
  const MessageTemplate made = make(R"({"value": "a", "number": 3})");
  EXPECT_TRUE(made.constant());
  EXPECT_EQ(decoded(made.bytes()), R"({"value":"a","number":"3"})");
}

TEST_F(Template, WithVariablesThatNeverChangeIsEncodedOnceToo) {
  const MessageTemplate made = make(R"({"value": "{{fill:5}}", "raw": "{{zeros:4}}"})");
  EXPECT_TRUE(made.constant());
  EXPECT_EQ(decoded(made.bytes()), R"({"value":"xxxxx","raw":"AAAAAA=="})");
}

TEST_F(Template, InsertsTheNumberOfTheCall) {
  const MessageTemplate made = make(R"({"value": "call-{{n}}", "number": {{n}}})");
  EXPECT_FALSE(made.constant());
  Variables variables;
  variables.number = 41;
  EXPECT_EQ(decoded(*made.encode(variables)), R"({"value":"call-41","number":"41"})");
}

TEST_F(Template, DrawsNumbersWithinTheirBounds) {
  const MessageTemplate made = make(R"({"number": {{random:-2:2}}})");
  Variables variables;
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) seen.insert(made.expand(variables));
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_TRUE(seen.contains(R"({"number": -2})"));
  EXPECT_TRUE(seen.contains(R"({"number": 2})"));
}

TEST_F(Template, DrawsTheSameForTheSameSeed) {
  const MessageTemplate made = make(R"({"value": "{{uuid}} {{text:12}}", "number": {{random}}})");
  Variables first{.number = 0, .rng = Rng(5)};
  Variables second{.number = 0, .rng = Rng(5)};
  EXPECT_EQ(made.expand(first), made.expand(second));
  EXPECT_NE(made.expand(first), made.expand(first));
}

TEST_F(Template, MakesUuidsTextAndBytesOfTheirForm) {
  Variables variables;
  const std::string uuid = make(R"({"value": "{{uuid}}"})").expand(variables);
  EXPECT_TRUE(std::regex_search(
      uuid, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")))
      << uuid;
  const std::string text = make(R"({"value": "{{text:9}}"})").expand(variables);
  EXPECT_TRUE(std::regex_search(text, std::regex("\"[0-9A-Za-z]{9}\""))) << text;
  for (const char* size : {"0", "1", "2", "3", "100"}) {
    const MessageTemplate bytes = make(std::string(R"({"raw": "{{bytes:)") + size + R"(}}"})");
    const Result<std::string> encoded = bytes.encode(variables);
    ASSERT_TRUE(encoded.ok()) << encoded.status().to_string();
    // Tag and length come before the bytes.
    const std::size_t bare = std::stoul(size);
    EXPECT_EQ(encoded->size(), bare + 2);
  }
}

TEST_F(Template, NamesTheVariableThatIsNoneAndThoseThereAre) {
  EXPECT_EQ(error(R"({"value": "{{uid}}"})"),
            "line 1, column 1: {{uid}}: there is no such variable; did you mean 'uuid'? (known are "
            "n, random, uuid, text, hex, bytes, fill, zeros)");
  EXPECT_EQ(error(R"({"value": "{{text}}"})"),
            "line 1, column 1: {{text}}: a size is expected, as in {{text:64}}");
  EXPECT_EQ(error(R"({"number": {{random:5:1}}})"),
            "line 1, column 1: {{random:5:1}}: expected {{random}} or {{random:LOW:HIGH}}");
  EXPECT_EQ(error(R"({"number": {{n:5}}})"), "line 1, column 1: {{n:5}}: takes no number");
}

TEST_F(Template, NamesThePlaceOfBadJsonBehindAVariable) {
  const Status status = create("{\"number\": {{n}},\n \"value\" \"x\"}").status();
  EXPECT_TRUE(status.message().starts_with("line 2, column 10:")) << status.to_string();
}

TEST_F(Template, NamesTheFieldThatCannotTakeTheValue) {
  const std::string message = error(R"({"number": "{{text:3}}"})");
  EXPECT_NE(message.find("field number"), std::string::npos) << message;
  EXPECT_NE(error(R"({"valeu": "{{n}}"})").find("did you mean 'value'"), std::string::npos);
}

TEST(Templates, AreCutApartWhereTheirJsonEnds) {
  const Result<std::vector<JsonText>> values =
      split_templates("{\"n\": {{n}}}\n[{{random:1:2}}] \"{{uuid}}\"");
  ASSERT_TRUE(values.ok()) << values.status().to_string();
  ASSERT_EQ(values->size(), 3U);
  EXPECT_EQ((*values)[0].text, "{\"n\": {{n}}}");
  EXPECT_EQ((*values)[1].text, "[{{random:1:2}}]");
  EXPECT_EQ((*values)[2].text, "\"{{uuid}}\"");
  EXPECT_EQ((*values)[1].position.line, 2U);
}

}  // namespace
}  // namespace weft::cli::bench
