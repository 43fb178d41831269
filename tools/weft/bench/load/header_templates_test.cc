#include "tools/weft/bench/load/header_templates.h"

#include <regex>
#include <string>

#include <gtest/gtest.h>

namespace weft::cli::bench {
namespace {

TEST(HeaderTemplate, WithoutVariablesStaysAsItIs) {
  Metadata headers;
  headers.add("x-tenant", "blue");
  headers.add("x-key-bin", "{{raw}");
  const Result<HeaderTemplates> made = HeaderTemplates::create(headers);
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  EXPECT_TRUE(made->constant());
  Metadata filled;
  filled.add("x-old", "gone");
  Variables variables;
  made->fill(filled, variables);
  ASSERT_EQ(filled.size(), 2U);
  EXPECT_EQ(filled.get("x-tenant"), "blue");
  EXPECT_EQ(filled.get("x-key-bin"), "{{raw}");
}

TEST(HeaderTemplate, GetsNewValuesForEachCall) {
  Metadata headers;
  headers.add("traceparent", "00-{{hex:32}}-{{hex:16}}-01");
  headers.add("x-call", "call-{{n}}");
  const Result<HeaderTemplates> made = HeaderTemplates::create(headers);
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  EXPECT_FALSE(made->constant());
  Metadata first;
  Metadata second;
  Variables variables;
  made->fill(first, variables);
  variables.number = 7;
  made->fill(second, variables);
  const std::regex traceparent("00-[0-9a-f]{32}-[0-9a-f]{16}-01");
  for (const Metadata* each : {&first, &second}) {
    EXPECT_TRUE(std::regex_match(std::string(*each->get("traceparent")), traceparent))
        << *each->get("traceparent");
  }
  EXPECT_NE(*first.get("traceparent"), *second.get("traceparent"));
  EXPECT_EQ(first.get("x-call"), "call-0");
  EXPECT_EQ(second.get("x-call"), "call-7");
}

TEST(HeaderTemplate, NamesTheHeaderWhoseVariableIsWrong) {
  Metadata headers;
  headers.add("x-id", "{{uid}}");
  EXPECT_EQ(HeaderTemplates::create(headers).status().message(),
            "-H 'x-id': {{uid}}: there is no such variable; did you mean 'uuid'? (known are n, "
            "random, uuid, text, hex, bytes, fill, zeros)");
}

}  // namespace
}  // namespace weft::cli::bench
