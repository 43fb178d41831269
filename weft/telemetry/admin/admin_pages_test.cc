#include "weft/telemetry/admin/internal/admin_pages.h"

#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/log/component.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/telemetry/admin/internal/level_returns.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::telemetry {
namespace {

using namespace std::chrono_literals;
using http2::FrameType;
using internal::AdminPages;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using weft::testing::EndStream;
using weft::testing::Fields;
using weft::testing::headers;
using weft::testing::InProcess;
using weft::testing::ScriptedPeer;

Fields get(std::string_view path, const Fields& more = {}, std::string method = "GET") {
  Fields fields{{":method", std::move(method)},
                {":scheme", "http"},
                {":path", std::string(path)},
                {":authority", "here"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

class Admin : public ::testing::Test {
 protected:
  explicit Admin(AdminPages::Tokens tokens = {}, AdminChanges changes = AdminChanges::Refused)
      : pages_(std::make_shared<AdminPages>(AdminPages::Options{.registry = &registry_,
                                                                .max_scrapes = 2,
                                                                .ready = [this] { return ready_; },
                                                                .changes = changes})),
        tokens_(std::move(tokens)) {
    world_.server().add(std::shared_ptr<rpc::HttpHandler>(pages_));
  }
  ScriptedPeer& peer() {
    if (peer_ != nullptr) return *peer_;
    pages_->open(tokens_);
    world_.start();
    peer_ = ScriptedPeer::connect(world_.client_host(), "server", InProcess::kPort);
    return *peer_;
  }
  struct Answer {
    std::string status, type, body;
  };
  Answer ask(const Fields& request) {
    const std::uint32_t stream = stream_;
    stream_ += 2;
    peer().send(headers(stream, request, EndStream::Yes));
    const auto& head = peer().expect(FrameType::Headers, stream);
    Answer answer{std::string(head.field(":status")), std::string(head.field("content-type")), {}};
    if (!head.end_stream()) peer().expect_end(stream);
    answer.body = peer().data_of(stream);
    return answer;
  }
  std::uint32_t take_stream() {
    const std::uint32_t stream = stream_;
    stream_ += 2;
    return stream;
  }

  Registry registry_;
  Status ready_;
  std::shared_ptr<AdminPages> pages_;
  InProcess world_;

 private:
  AdminPages::Tokens tokens_;
  std::unique_ptr<ScriptedPeer> peer_;
  std::uint32_t stream_ = 1;
};

TEST_F(Admin, ShowsMetricsInTheFormatThatIsAskedFor) {
  registry_.counter({.name = "x"}).value().with().add(2);
  const Answer text = ask(get("/metrics"));
  EXPECT_EQ(text.status, "200");
  EXPECT_EQ(text.type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(text.body, "# TYPE x_total counter\nx_total 2\n");
  const Answer open =
      ask(get("/metrics?a=b", {{"accept", "application/openmetrics-text;version=1.0.0"}}));
  EXPECT_EQ(open.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_THAT(open.body, EndsWith("# EOF\n"));
}

TEST_F(Admin, HealthIsOkAndReadinessIsWhatTheProgramSays) {
  EXPECT_EQ(ask(get("/healthz")).status, "200");
  EXPECT_EQ(ask(get("/readyz")).body, "ok\n");
  ready_ = unavailable("the cache is cold");
  EXPECT_EQ(ask(get("/readyz")).status, "503");
  EXPECT_EQ(ask(get("/readyz")).body, "UNAVAILABLE: the cache is cold\n");
  ready_ = {};
  pages_->set_ready(unavailable("the server stops"));
  EXPECT_EQ(ask(get("/readyz")).status, "503");
  EXPECT_EQ(ask(get("/healthz")).status, "200");
}

TEST_F(Admin, OtherPagesAndMethodsAreRefusedWithAReason) {
  const Answer missing = ask(get("/secret"));
  EXPECT_EQ(missing.status, "404");
  EXPECT_THAT(missing.body, HasSubstr("there are /metrics, /healthz, /readyz and /log/levels"));
  EXPECT_EQ(ask(get("/metrics", {}, "DELETE")).status, "405");
  EXPECT_EQ(ask(get("/metrics", {}, "HEAD")).body, "");
}

LogComponent orders("admin.test.orders");

class AdminWithChanges : public Admin {
 protected:
  AdminWithChanges() : Admin({}, AdminChanges::Allowed) { set_log_level(LogLevel::Info); }
  ~AdminWithChanges() override {
    static_cast<void>(set_log_level("admin.test", std::nullopt));
    set_log_level(LogLevel::Info);
  }
  Answer post(std::string_view query, const Fields& more = {}) {
    return ask(get("/log/levels" + std::string(query), more, "POST"));
  }
};

TEST_F(AdminWithChanges, ShowsAndChangesLogLevels) {
  EXPECT_THAT(ask(get("/log/levels")).body, HasSubstr("admin.test.orders info\n"));
  EXPECT_EQ(post("?component=admin.test&level=debug").status, "200");
  EXPECT_TRUE(orders.enabled(LogLevel::Debug));
  const Answer shown = ask(get("/log/levels"));
  EXPECT_EQ(shown.type, "text/plain; charset=utf-8");
  EXPECT_THAT(shown.body, HasSubstr("admin.test debug own\nadmin.test.orders debug\n"));
  EXPECT_EQ(post("?component=admin.test&level=default").status, "200");
  EXPECT_FALSE(orders.enabled(LogLevel::Debug));
}

TEST_F(AdminWithChanges, ChangesTheProgramsLevelWithoutAComponent) {
  EXPECT_THAT(post("?level=warn").body, HasSubstr(". warn\n"));
  EXPECT_FALSE(log_enabled(LogLevel::Info));
}

TEST_F(AdminWithChanges, RefusesWhatNamesNoLevel) {
  for (const char* const query : {"", "?level=", "?level=loud", "?component=a&level=loud",
                                  "?component=a%20b&level=info", "?level=default", "?x=1"}) {
    EXPECT_EQ(post(query).status, "400") << query;
  }
  EXPECT_THAT(post("?level=loud").body, HasSubstr("level is 'loud', which is none of trace"));
  EXPECT_TRUE(log_enabled(LogLevel::Info));
}

TEST_F(AdminWithChanges, ALevelForATimeGoesBack) {
  EXPECT_THAT(post("?component=admin.test&level=debug&for=10m").body,
              HasSubstr("admin.test debug own until 20"));
  world_.run_for(9min);
  // What it goes back to is what it was before the first of them.
  EXPECT_EQ(post("?component=admin.test&level=trace&for=10m").status, "200");
  world_.run_for(9min);
  EXPECT_TRUE(orders.enabled(LogLevel::Trace));
  world_.run_for(2min);
  EXPECT_FALSE(orders.enabled(LogLevel::Debug));
  EXPECT_THAT(ask(get("/log/levels")).body, Not(HasSubstr("until")));
}

TEST_F(AdminWithChanges, AChangeThatStaysEndsTheTimeOfAnother) {
  EXPECT_EQ(post("?level=warn&for=90s").status, "200");
  EXPECT_EQ(post("?level=error").status, "200");
  world_.run_for(10min);
  EXPECT_EQ(log_level(), LogLevel::Error);
}

TEST(LevelReturns, GoBackWhereTheirLoopEnds) {
  set_log_level(LogLevel::Info);
  internal::LevelReturns returns;
  {
    net::SimNetwork network(1);
    returns.add(network.host("here"), "", LogLevel::Info, 24h);
    set_log_level(LogLevel::Error);
  }
  EXPECT_EQ(log_level(), LogLevel::Info);
  EXPECT_EQ(returns.until(""), std::nullopt);
}

TEST_F(AdminWithChanges, RefusesTimesThatAreNone) {
  for (const char* const time :
       {"", "10", "m", "0s", "-1m", "25h", "10 m", "1e9s", "99999999999999999999s"}) {
    EXPECT_THAT(post("?level=error&for=" + std::string(time)).body,
                HasSubstr("no time up to a day"))
        << time;
  }
  EXPECT_TRUE(log_enabled(LogLevel::Info));
}

TEST_F(AdminWithChanges, ChangesForATimeAreLimited) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(post("?component=admin.test&level=debug&for=1h").status, "200");
  }
  EXPECT_THAT(post("?component=admin.test&level=debug&for=1h").body, HasSubstr("100 changes"));
  world_.run_for(61min);
  EXPECT_EQ(post("?component=admin.test&level=debug&for=1h").status, "200");
}

TEST_F(AdminWithChanges, RefusesPagesOfOthersInABrowser) {
  EXPECT_EQ(post("?level=off", {{"origin", "http://evil.example"}}).status, "403");
  EXPECT_TRUE(log_enabled(LogLevel::Info));
}

TEST_F(Admin, ChangesNothingUnlessItIsAllowedTo) {
  EXPECT_EQ(ask(get("/log/levels?level=off", {}, "POST")).status, "403");
  EXPECT_EQ(ask(get("/log/levels?level=off")).status, "200");
  EXPECT_TRUE(log_enabled(LogLevel::Info));
  EXPECT_EQ(ask(get("/metrics", {}, "POST")).status, "405");
}

TEST_F(Admin, ALongScrapeComesInPiecesAndWhole) {
  const auto family = registry_.histogram({.name = "x", .unit = "s"}, Label<int>{"n"}).value();
  for (int n = 0; n < 500; ++n) family.with(n).record(n);
  const Answer answer = ask(get("/metrics"));
  EXPECT_GT(answer.body.size(), 800'000U);
  EXPECT_THAT(answer.body, EndsWith("x_seconds_count{n=\"499\"} 1\n"));
}

TEST_F(Admin, ASlowReaderIsCutOffAndHoldsLittle) {
  const auto family = registry_.histogram({.name = "x", .unit = "s"}, Label<int>{"n"}).value();
  for (int n = 0; n < 2000; ++n) family.with(n).record(n);
  peer().set_give_credit(false);
  // The connection has room; its streams have 64 KiB each.
  peer().send(weft::testing::window_update(0, 1 << 20));
  for (int i = 0; i < 2; ++i) peer().send(headers(take_stream(), get("/metrics"), EndStream::Yes));
  world_.run_for(1s);
  // What waits is a window's worth, not the megabytes of a scrape; and there are no more than two.
  EXPECT_LT(peer().received(), 200'000U);
  EXPECT_EQ(ask(get("/metrics")).status, "503");
  EXPECT_EQ(world_.server().active_calls(), 2U);
  // The server's stall_timeout.
  world_.run_for(11min);
  EXPECT_EQ(world_.server().active_calls(), 0U);
  EXPECT_EQ(ask(get("/healthz")).status, "200");
}

TEST_F(Admin, ATrickleDoesNotKeepAScrapeForever) {
  const auto family = registry_.histogram({.name = "x", .unit = "s"}, Label<int>{"n"}).value();
  for (int n = 0; n < 2000; ++n) family.with(n).record(n);
  peer().set_give_credit(false);
  peer().send(weft::testing::window_update(0, 1 << 20));
  const std::uint32_t stream = take_stream();
  peer().send(headers(stream, get("/metrics"), EndStream::Yes));
  for (int i = 0; i < 10; ++i) {
    world_.run_for(10s);
    peer().send(weft::testing::window_update(stream, 20'000));
  }
  world_.run_for(10s);
  // Cut off, so that nobody takes it for whole.
  EXPECT_EQ(peer().expect(FrameType::RstStream, stream).error(), http2::ErrorCode::InternalError);
  EXPECT_EQ(world_.server().active_calls(), 0U);
}

class AdminWithToken : public Admin {
 protected:
  AdminWithToken() : Admin({.read = "0123456789abcdef"}) {}
};

TEST_F(AdminWithToken, AsksForTheToken) {
  EXPECT_EQ(ask(get("/metrics")).status, "401");
  EXPECT_EQ(ask(get("/healthz", {{"authorization", "Bearer 0123456789abcdeg"}})).status, "401");
  EXPECT_EQ(ask(get("/healthz", {{"authorization", "0123456789abcdef"}})).status, "401");
  EXPECT_EQ(ask(get("/healthz", {{"authorization", "Bearer 0123456789abcdef"}})).status, "200");
}

class AdminWithRoles : public Admin {
 protected:
  static constexpr const char* kMetrics = "metrics-metrics-1";
  static constexpr const char* kRead = "read-read-read-01";
  static constexpr const char* kChange = "change-change-001";

  AdminWithRoles()
      : Admin({.metrics = kMetrics, .read = kRead, .change = kChange}, AdminChanges::Allowed) {}
  ~AdminWithRoles() override { set_log_level(LogLevel::Info); }
  std::string status(std::string_view token, std::string_view path, std::string method = "GET") {
    const std::string shown = "Bearer " + std::string(token);
    return ask(get(path, {{"authorization", shown}}, std::move(method))).status;
  }
};

TEST_F(AdminWithRoles, EachTokenIsGoodForItsPages) {
  for (const char* const path : {"/metrics", "/healthz", "/readyz"}) {
    for (const char* const token : {kMetrics, kRead, kChange}) {
      EXPECT_EQ(status(token, path), "200") << token << path;
    }
    EXPECT_EQ(status("another-one-12345", path), "401");
  }
  EXPECT_EQ(status(kMetrics, "/log/levels"), "403");
  EXPECT_EQ(status(kRead, "/log/levels"), "200");
  EXPECT_EQ(status(kChange, "/log/levels"), "200");
  EXPECT_EQ(status(kMetrics, "/log/levels?level=error", "POST"), "403");
  EXPECT_EQ(status(kRead, "/log/levels?level=error", "POST"), "403");
  EXPECT_TRUE(log_enabled(LogLevel::Info));
  EXPECT_EQ(status(kChange, "/log/levels?level=error", "POST"), "200");
  EXPECT_FALSE(log_enabled(LogLevel::Info));
}

}  // namespace
}  // namespace weft::telemetry
