// Python's msgpack reads what we write and writes what we read.

#include <gtest/gtest.h>

#include "weft/codec/msgpack/msgpack.h"

#include "tests/formats/filled_kinds.h"
#include "tests/formats/python_peer.h"

namespace weft::test {
namespace {

TEST(PythonsMsgpack, ReadsWhatWeWriteAndWritesWhatWeRead) {
  const formats::Kinds kinds = filled_kinds();
  const Result<std::string> bytes = to_msgpack(kinds);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  exchange_with_python("msgpack_peer.py", *bytes, [&](const std::string& answer) {
    formats::Kinds back;
    const Status read = from_msgpack(answer, back);
    ASSERT_TRUE(read.ok()) << read;
    expect_same(kinds, back);
  });
}

}  // namespace
}  // namespace weft::test
