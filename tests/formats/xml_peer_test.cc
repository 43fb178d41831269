// Python's xml.etree reads what we write and writes what we read.

#include <gtest/gtest.h>

#include "weft/codec/xml/xml.h"

#include "tests/formats/filled_kinds.h"
#include "tests/formats/python_peer.h"

namespace weft::test {
namespace {

TEST(PythonsXml, ReadsWhatWeWriteAndWritesWhatWeRead) {
  formats::Kinds kinds = filled_kinds();
  kinds.add_strings("\t<a>\r\n&]]>");
  kinds.add_strings("\x01");
  const Result<std::string> text = to_xml(kinds);
  ASSERT_TRUE(text.ok()) << text.status();
  exchange_with_python("xml_peer.py", *text, [&](const std::string& answer) {
    formats::Kinds back;
    const Status read = from_xml(answer, back);
    ASSERT_TRUE(read.ok()) << read;
    expect_same(kinds, back);
  });
}

}  // namespace
}  // namespace weft::test
