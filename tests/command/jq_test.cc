// jq, which scripts read JSON with, takes what the command prints.

#include <string>

#include <gtest/gtest.h>

#include "tests/command/notes_server.h"

namespace weft::test {
namespace {

class Jq : public NotesServerTest {
 protected:
  /// What `jq FILTER` makes of `json`.
  static Ended jq(const std::string& filter, const std::string& json) {
    Program program("/usr/bin/env", {"jq", "-c", filter});
    program.write(json);
    return program.wait();
  }
  static bool is_there() { return jq(".", "1").status == 0; }
};

TEST_F(Jq, ReadsResponsesThatFollowEachOther) {
  if (!is_there()) GTEST_SKIP() << "there is no jq";
  const std::string text = R"("a\u0001\n\"\\\u00fc\u2028")";
  for (const char* layout : {"--compact", "--pretty"}) {
    const Ended shown = call("Repeat", {R"({"times":3,"raw":"AP8=","text":)" + text + "}", layout});
    ASSERT_EQ(shown.status, 0) << shown.err;
    const Ended read = jq(R"(.times == 3 and .raw == "AP8=" and .text == )" + text, shown.out);
    EXPECT_EQ(read.status, 0) << read.err;
    EXPECT_EQ(read.out, "true\ntrue\ntrue\n") << layout << ": " << shown.out;
  }
}

}  // namespace
}  // namespace weft::test
