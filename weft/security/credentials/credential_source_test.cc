#include "weft/security/credentials/credential_source.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/security/credentials/internal/token_file.h"
#include "weft/security/jwt/internal/test_tokens.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class TokenFileTest : public ::testing::Test {
 protected:
  /// A JWT that ends that much later than now.
  static std::string token(std::chrono::seconds left) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto exp = std::chrono::duration_cast<std::chrono::seconds>(now + left).count();
    return "eyJhbGciOiJub25lIn0." + test::base64url(R"({"exp":)" + std::to_string(exp) + "}") +
           ".s3cret";
  }
  static Task<Result<CredentialRef>> ask(CredentialSource& source, const Call& call) {
    co_return co_await source.credential(call);
  }
  std::string get() {
    const Call call(Call::Side::Client, loop_, "/shop.Orders/Get", nullptr, nullptr);
    const Result<CredentialRef> found = testing::run(loop_, ask(*source_, call));
    return found.ok() ? **found : found.status().to_string();
  }

  const testing::Folder folder_;
  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  const CredentialSourceRef source_ = bearer_token_from_file(folder_.file("token"));
};

TEST_F(TokenFileTest, GivesTheTokenOfTheFile) {
  const std::string one = token(1h);
  folder_.write("token", one + "\n");
  EXPECT_EQ(get(), "Bearer " + one);
}

TEST_F(TokenFileTest, ReadsTheFileAgainInTheLastMinute) {
  const std::string one = token(10min);
  folder_.write("token", one);
  EXPECT_EQ(get(), "Bearer " + one);
  const std::string two = token(20min);
  folder_.write("token", two);
  EXPECT_EQ(get(), "Bearer " + one);
  network_.run_for(9min + 5s);
  EXPECT_EQ(get(), "Bearer " + one) << "still good, and read again behind the call";
  EXPECT_EQ(get(), "Bearer " + two);
}

TEST_F(TokenFileTest, RefusesATokenInItsLastHalfMinute) {
  folder_.write("token", token(20s));
  EXPECT_THAT(get(), HasSubstr("UNAVAILABLE"));
  folder_.write("token", token(-1h));
  network_.run_for(1min);
  EXPECT_THAT(get(), HasSubstr("has expired"));
}

TEST_F(TokenFileTest, SaysWhyThereIsNoToken) {
  EXPECT_THAT(get(), HasSubstr("UNAVAILABLE: " + folder_.file("token")));
  for (const std::string wrong : {"s3cret", "a.s3cret.b", "a.e30.s3cret"}) {
    folder_.write("token", wrong);
    network_.run_for(2min);
    const std::string got = get();
    EXPECT_THAT(got, HasSubstr("UNAUTHENTICATED")) << wrong;
    EXPECT_THAT(got, Not(HasSubstr("s3cret"))) << wrong;
  }
  folder_.write("token", std::string(20'000, 'x'));
  network_.run_for(2min);
  EXPECT_THAT(get(), HasSubstr("larger than 16384 bytes"));
  folder_.write("token", " \n");
  network_.run_for(2min);
  EXPECT_THAT(get(), HasSubstr("is empty"));
}

TEST_F(TokenFileTest, APipeIsNoFileOfAToken) {
  ASSERT_EQ(::mkfifo(folder_.file("token").c_str(), 0600), 0);
  EXPECT_THAT(get(), HasSubstr("UNAVAILABLE: " + folder_.file("token")));
  EXPECT_THAT(get(), HasSubstr("is not a regular file"));
}

TEST(ExpiryOfAJwt, StaysWithinWhatTheClockHas) {
  for (const std::string exp : {"9999999999", "253402300799"}) {
    const std::string jwt = "a." + test::base64url(R"({"exp":)" + exp + "}") + ".c";
    const auto expires = internal::expiry_of_jwt(jwt);
    ASSERT_TRUE(expires.ok()) << exp;
    EXPECT_GT(*expires, std::chrono::system_clock::time_point(8'000'000'000s)) << exp;
  }
}

TEST_F(TokenFileTest, ATokenOfAFarYearIsGood) {
  const std::string far = "a." + test::base64url(R"({"exp":9999999999})") + ".c";
  folder_.write("token", far);
  EXPECT_EQ(get(), "Bearer " + far);
}

TEST(ExpiryOfAJwt, IsATimeThatAClockHas) {
  for (const std::string exp : {"\"x\"", "\"1700000000\"", "-1", "1e300", "null"}) {
    const std::string jwt = "a." + test::base64url(R"({"exp":)" + exp + "}") + ".c";
    EXPECT_FALSE(internal::expiry_of_jwt(jwt).ok()) << exp;
  }
}

}  // namespace
}  // namespace weft::security
