// Configs, headers and names mean the same whatever the program's locale is: where the capital of
// 'i' is no 'I' (Turkish), and where a number has a comma (German).

#include <cctype>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <locale>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/log/log_value.h"
#include "weft/base/sanitizer.h"
#include "weft/base/text/number_text.h"
#include "weft/cluster/resolvers/resolver.h"
#include "weft/middleware/config/policy_config.h"
#include "weft/middleware/config/service_config.h"
#include "weft/middleware/limits/circuit_breaker.h"
#include "weft/net/socket/address.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/grpc/grpc_wire.h"
#include "weft/testing/folder.h"

#if WEFT_ASAN
#include <sanitizer/lsan_interface.h>
#endif

namespace weft {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

struct Place {
  const char* language;
  const char* charset;
};

/// The C library and C++ in that locale, whose files are made in a folder, as images of containers
/// have none.
class InLocale : public ::testing::TestWithParam<Place> {
 protected:
  void SetUp() override {
    const std::string name = std::string(GetParam().language) + "." + GetParam().charset;
    const std::string made = std::string("localedef --no-warnings=all -c -i ") +
                             GetParam().language + " -f " + GetParam().charset + " " +
                             folder_.file(name) + " >/dev/null 2>&1";
    static_cast<void>(std::system(made.c_str()));
    // What setenv() copies is never freed.
    place_ = "LOCPATH=" + folder_.path();
    ::putenv(place_.data());
#if WEFT_ASAN
    // The C library keeps what it has made of LOCPATH, and nothing that points to it.
    const __lsan::ScopedDisabler not_ours;
#endif
    if (std::setlocale(LC_ALL, name.c_str()) == nullptr) {
      GTEST_SKIP() << "localedef makes no " << name << " here (Debian: package locales)";
    }
    std::locale::global(std::locale(name));
  }
  void TearDown() override {
    std::locale::global(std::locale::classic());
    std::setlocale(LC_ALL, "C");
    ::unsetenv("LOCPATH");
  }
  testing::Folder folder_;
  std::string place_;
};

TEST_P(InLocale, TheLocaleIsInUse) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f", 0.5);
  EXPECT_STREQ(text, "0,5");
  const bool turkish = std::string_view(GetParam().language) == "tr_TR";
  EXPECT_EQ(std::toupper('i') != 'I', turkish);
}

TEST_P(InLocale, ServiceConfigsAreReadAsElsewhere) {
  const Result<ServiceConfig> config = ServiceConfig::parse(R"json({
    "loadBalancingPolicy": "PICK_FIRST",
    "methodConfig": [{
      "name": [{"service": "a.I"}], "timeout": "1.5s",
      "retryPolicy": {
        "maxAttempts": 4, "initialBackoff": "0.25s", "maxBackoff": "1s", "backoffMultiplier": 1.5,
        "retryableStatusCodes": ["unavailable", "INVALID_ARGUMENT", "Failed_Precondition"]}}],
    "retryThrottling": {"maxTokens": 100.5, "tokenRatio": 0.125}
  })json");
  ASSERT_TRUE(config.ok()) << config.status().to_string();
  ASSERT_EQ(config->methods.size(), 1U);
  ASSERT_TRUE(config->methods.front().retry.has_value());
  EXPECT_EQ(config->methods.front().timeout, 1500ms);
  const RetryOptions& retry = *config->methods.front().retry;
  EXPECT_EQ(retry.multiplier, 1.5);
  EXPECT_EQ(retry.initial_backoff, 250ms);
  EXPECT_TRUE(retry.codes.contains(StatusCode::Unavailable));
  EXPECT_TRUE(retry.codes.contains(StatusCode::InvalidArgument));
  EXPECT_TRUE(retry.codes.contains(StatusCode::FailedPrecondition));
  EXPECT_EQ(config->retry_throttling->max_tokens, 100.5);
  EXPECT_EQ(config->retry_throttling->token_ratio, 0.125);
  EXPECT_NE(config->balancing, nullptr);
}

TEST_P(InLocale, PolicyConfigsAreReadAsElsewhere) {
  PolicyConfig config;
  const Status status = config.set(R"json({"policies": [
    {"rateLimit": {"rate": 0.5, "burst": 1.5}},
    {"circuitBreaker": {"failureRatio": 0.25, "window": "2.5s"}}]})json");
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_THAT(std::string(config.set(R"({"policies": [{"rateLimit": {"rate": -0.5}}]})").message()),
              HasSubstr("-0.5"));
  CircuitBreakerOptions options;
  options.failure_ratio = 1.5;
  EXPECT_THAT(std::string(validate(options).message()), HasSubstr(": 1.5: "));
}

TEST_P(InLocale, HeadersAreReadAsElsewhere) {
  Metadata metadata;
  metadata.add("X-TITLE-ID", "1");
  EXPECT_TRUE(metadata.validate().ok());
  EXPECT_EQ(metadata.get("x-title-id"), "1");
  EXPECT_EQ(metadata.get("X-Title-Id"), "1");
  EXPECT_EQ(rpc::content_type_of("APPLICATION/GRPC+PROTO"), rpc::ContentType::Protobuf);
  Duration timeout{};
  EXPECT_TRUE(rpc::parse_timeout("1500m", timeout));
  EXPECT_EQ(timeout, 1500ms);
  std::string encoded;
  rpc::percent_encode("\xc4\xb1I%", encoded);
  EXPECT_EQ(encoded, "%C4%B1I%25");
}

TEST_P(InLocale, NamesAndNumbersAreWrittenAsElsewhere) {
  EXPECT_EQ(number_text(1234567.5, 1), "1234567.5");
  EXPECT_EQ(number_text(0.5), "0.5");
  EXPECT_EQ(to_string(1500ms), "1.5s");
  EXPECT_EQ(log_value("INFO"), "INFO");
  EXPECT_EQ(net::Address::parse("127.0.0.1:50051")->to_string(), "127.0.0.1:50051");
  const Result<cluster::TargetParts> parts = cluster::TargetParts::parse("etcd://HOST/I?a=%49");
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->query.at("a"), "I");
}

// Of one byte a character: in these the C library turns an 'i' of Turkish into another letter, not
// into itself, and they are made quickly.
INSTANTIATE_TEST_SUITE_P(Places, InLocale,
                         ::testing::Values(Place{"tr_TR", "ISO-8859-9"},
                                           Place{"de_DE", "ISO-8859-1"}),
                         [](const auto& info) { return std::string(info.param.language); });

}  // namespace
}  // namespace weft
