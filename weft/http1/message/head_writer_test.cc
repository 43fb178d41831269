#include "weft/http1/message/head_writer.h"

#include <string>

#include <gtest/gtest.h>

namespace weft::http1 {
namespace {

TEST(HeadWriter, WritesLines) {
  std::string out;
  append_status_line(out, 404);
  append_field(out, "content-length", std::uint64_t{12});
  append_field(out, "a", "b");
  EXPECT_EQ(out, "HTTP/1.1 404 Not Found\r\ncontent-length: 12\r\na: b\r\n");
  out.clear();
  append_request_line(out, "GET", "/x");
  EXPECT_EQ(out, "GET /x HTTP/1.1\r\n");
}

TEST(HeadWriter, WritesChunks) {
  std::string out;
  append_chunk_size(out, 26);
  EXPECT_EQ(out, "1a\r\n");
  out.clear();
  const rpc::HttpField trailers[] = {{"a", "b"}};
  append_last_chunk(out, trailers);
  EXPECT_EQ(out, "0\r\na: b\r\n\r\n");
}

TEST(HeadWriter, RefusesFieldsThatWouldSplitAMessage) {
  EXPECT_TRUE(check_field({"a", "b c"}).ok());
  EXPECT_TRUE(check_field({"a", ""}).ok());
  for (const rpc::HttpField field : {rpc::HttpField{"a", "b\r\nc: d"},
                                     {"a", "b\n"},
                                     {"a", "\x01"},
                                     {"a", " b"},
                                     {"a\r\nb", "c"},
                                     {"a:b", "c"},
                                     {"a b", "c"},
                                     {"A", "c"},
                                     {"", "c"},
                                     {"a(", "c"},
                                     {"connection", "close"},
                                     {"transfer-encoding", "chunked"},
                                     {"upgrade", "x"}}) {
    EXPECT_FALSE(check_field(field).ok()) << field.name;
  }
}

}  // namespace
}  // namespace weft::http1
