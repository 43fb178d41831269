#include "weft/http1/client/url.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::http1 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string read(const std::string& text) {
  const Result<Url> url = Url::parse(text);
  return url.ok() ? url->to_string() : url.status().to_string();
}

TEST(Url, IsReadInParts) {
  const Result<Url> url = Url::parse("HTTPS://Example.COM:8443/a/b?c=d#e");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_TRUE(url->is_https());
  EXPECT_EQ(url->host(), "example.com");
  EXPECT_EQ(url->port(), 8443);
  EXPECT_EQ(url->target(), "/a/b?c=d");
  EXPECT_EQ(url->path(), "/a/b");
  EXPECT_EQ(url->authority(), "example.com:8443");
  EXPECT_EQ(url->shown(), "https://example.com:8443/a/b");
}

TEST(Url, HasDefaults) {
  EXPECT_EQ(read("http://a"), "http://a/");
  EXPECT_EQ(read("http://a:80/"), "http://a/");
  EXPECT_EQ(read("https://a:/x"), "https://a/x");
  EXPECT_EQ(read("https://a?x"), "https://a/?x");
  EXPECT_EQ(read("http://[2001:DB8::1]:81"), "http://[2001:db8::1]:81/");
}

TEST(Url, IsWrittenAsARequestMayHaveIt) {
  EXPECT_EQ(read("http://a/b c/\xc3\xa4?d=\"e\""), "http://a/b%20c/%C3%A4?d=%22e%22");
  EXPECT_EQ(read("http://a/b/./c/../d"), "http://a/b/d");
  EXPECT_EQ(read("http://a/../../b/.."), "http://a/");
  EXPECT_EQ(read("http://a/%2e%2E/b"), "http://a/%2e%2E/b");
}

TEST(Url, IsRefusedInWords) {
  for (const std::string bad : {"", "a", "ftp://a", "http:/a", "//a/b", "http://", "http://:80",
                                "http://a b/", "http://a\x01/", "http://a/\r\nx: y", "http://a:0",
                                "http://a:65536", "http://a:8x", "http://[::1", "http://[1.2.3.4]",
                                "http://[::1]x", "http://\xc3\xa4/", "http://[fe80::1%25eth0]/"}) {
    EXPECT_EQ(Url::parse(bad).status().code(), StatusCode::InvalidArgument) << bad;
  }
  EXPECT_THAT(read("http://" + std::string(9000, 'a')),
              HasSubstr("it has 9007 bytes; the limit is 8192"));
  EXPECT_THAT(read("http://user:secret@a/"), HasSubstr("authorization field"));
  EXPECT_THAT(read("http://user:secret@a/"), Not(HasSubstr("secret")));
}

TEST(Url, ResolvesReferences) {
  const Result<Url> base = Url::parse("http://a/b/c/d?q");
  ASSERT_TRUE(base.ok());
  // RFC 3986 section 5.4.
  const std::pair<const char*, const char*> cases[] = {
      {"g", "http://a/b/c/g"},        {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},      {"/g", "http://a/g"},
      {"//g", "http://g/"},           {"?y", "http://a/b/c/d?y"},
      {"g?y", "http://a/b/c/g?y"},    {"#s", "http://a/b/c/d?q"},
      {"", "http://a/b/c/d?q"},       {"..", "http://a/b/"},
      {"../g", "http://a/b/g"},       {"../../../g", "http://a/g"},
      {"https://x/y", "https://x/y"}, {"g?y/../x", "http://a/b/c/g?y/../x"}};
  for (const auto& [reference, expected] : cases) {
    const Result<Url> resolved = base->resolve(reference);
    ASSERT_TRUE(resolved.ok()) << reference << ": " << resolved.status();
    EXPECT_EQ(resolved->to_string(), expected) << reference;
  }
  EXPECT_FALSE(base->resolve("mailto:a@b").ok());
}

}  // namespace
}  // namespace weft::http1
