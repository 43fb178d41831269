#include "weft/http1/client/response.h"

#include <string>

#include <gtest/gtest.h>

namespace weft::http1 {
namespace {

using namespace std::chrono_literals;

Response response(int status, std::string_view name = "", std::string_view value = "") {
  Response made;
  made.status = status;
  made.url = *Url::parse("http://a/b?secret");
  if (!name.empty()) made.fields.add(name, value);
  return made;
}

TEST(ResponseStatus, SaysWhoAnsweredWhat) {
  Response bad = response(503);
  bad.reason = "Service Unavailable";
  bad.body = Bytes::copy_of(" try later\n");
  const Status status = status_of(bad);
  EXPECT_EQ(status.to_string(),
            "UNAVAILABLE: http://a/b answered 503 Service Unavailable: try later");
  EXPECT_EQ(status.origin(), Origin::Peer);
  EXPECT_TRUE(status_of(response(204)).ok());
  EXPECT_EQ(status_of(response(404)).code(), StatusCode::NotFound);
  EXPECT_EQ(status_of(response(429)).code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(status_of(response(302)).code(), StatusCode::Unknown);
  EXPECT_EQ(status_of(response(599)).code(), StatusCode::Internal);
}

TEST(RetryAfter, IsSecondsOrADate) {
  EXPECT_EQ(retry_after(response(503, "retry-after", "120")), 120s);
  EXPECT_EQ(retry_after(response(503)), std::nullopt);
  EXPECT_EQ(retry_after(response(503, "retry-after", "-1")), std::nullopt);
  EXPECT_EQ(retry_after(response(503, "retry-after", "soon")), std::nullopt);
  EXPECT_GT(retry_after(response(503, "retry-after", "99999999999999999999")), 24h);
  Response dated = response(503, "retry-after", "Sun, 06 Nov 1994 08:49:47 GMT");
  dated.fields.add("date", "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(retry_after(dated), 10s);
  EXPECT_EQ(retry_after(response(503, "retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")), 0s);
  EXPECT_EQ(retry_after(response(503, "retry-after", "Sun, 32 Nov 1994 08:49:47 GMT")),
            std::nullopt);
}

TEST(CacheControl, IsReadFromAllItsFields) {
  Response cached = response(200, "cache-control", "Max-Age=\"60\" , stale-if-error=5");
  cached.fields.add("Cache-Control", "no-cache,must-revalidate, unknown=\"a\"");
  const CacheControl control = cache_control(cached);
  EXPECT_EQ(control.max_age, 60s);
  EXPECT_EQ(control.stale_if_error, 5s);
  EXPECT_TRUE(control.no_cache);
  EXPECT_TRUE(control.must_revalidate);
  EXPECT_FALSE(control.no_store);
  EXPECT_EQ(cache_control(response(200, "cache-control", "max-age=x,no-store")).max_age,
            std::nullopt);
}

}  // namespace
}  // namespace weft::http1
