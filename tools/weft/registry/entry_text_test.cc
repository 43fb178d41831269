#include "tools/weft/registry/entry_text.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace weft::cli {
namespace {

namespace v1 = registry::v1;

v1::Entry entry() {
  v1::Entry entry;
  entry.set_service("notes");
  entry.mutable_instance()->add_addresses("10.0.0.1:80");
  entry.mutable_instance()->set_name("one");
  entry.mutable_instance()->set_zone("a");
  entry.set_ttl_ms(10'000);
  entry.set_remaining_ms(7'000);
  return entry;
}

std::string table(const v1::Entry& entry) { return table_of({entry}, Style::plain()); }

std::ptrdiff_t lines_in(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

TEST(EntryText, ShowsPlainValuesAsTheyAre) {
  v1::Entry plain = entry();
  (*plain.mutable_instance()->mutable_attributes())["version"] = "1.2";
  EXPECT_EQ(table(plain),
            "SERVICE  ADDRESS      NAME  WEIGHT  ZONE  LEASE      ATTRIBUTES\n"
            "notes    10.0.0.1:80  one   1       a     7s of 10s  version=1.2\n");
}

TEST(EntryText, NoValueForgesARow) {
  for (const char* value : {"x\nnotes  10.6.6.6:80  evil", "x\r\nnotes", "x\u2028notes",
                            "x\u0085notes", "x\u202etxet", "x\x9bnotes", "x\x1b[2Jnotes"}) {
    v1::Entry forged = entry();
    forged.set_service(value);
    forged.mutable_instance()->set_addresses(0, value);
    forged.mutable_instance()->set_name(value);
    forged.mutable_instance()->set_zone(value);
    (*forged.mutable_instance()->mutable_attributes())[value] = value;
    const std::string text = table(forged);
    EXPECT_EQ(lines_in(text), 2) << text;
    for (const char* part : {"\r", "\u2028", "\u0085", "\u202e", "\x9b", "\x1b"}) {
      EXPECT_EQ(text.find(part), std::string::npos) << text;
    }
    v1::WatchResponse response;
    *response.mutable_snapshot()->add_entries() = forged;
    const std::vector<std::string> lines = lines_of(response, Style::plain());
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines_in(lines.front()), 0) << lines.front();
    EXPECT_EQ(json_line(forged).find("\u202e"), std::string::npos);
    EXPECT_EQ(lines_in(json_line(forged)), 0);
  }
}

TEST(EntryText, NoValueForgesAnAttributeOrAColumn) {
  v1::Entry forged = entry();
  forged.mutable_instance()->set_name("one  zone=b  admin=true");
  (*forged.mutable_instance()->mutable_attributes())["a"] = "1 admin=true";
  v1::WatchResponse response;
  *response.mutable_snapshot()->add_entries() = forged;
  EXPECT_EQ(lines_of(response, Style::plain()).front(),
            "= notes  10.0.0.1:80  \"one  zone=b  admin=true\"  a  a=\"1 admin=true\"");
}

}  // namespace
}  // namespace weft::cli
