#include "weft/middleware/reuse/response_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/internal/policy_fixture.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr MethodDescriptor kGet{.name = "Get",
                                .path = "/pkg.Store/Get",
                                .kind = MethodKind::Unary,
                                .idempotent = true,
                                .no_side_effects = true};
constexpr MethodDescriptor kPut{
    .name = "Put", .path = "/pkg.Store/Put", .kind = MethodKind::Unary, .idempotent = true};

class ResponseCacheTest : public middleware::PolicyTest {
 protected:
  ResponseCacheTest() {
    method_ = &kGet;
    service_.response = "the answer";
    options_.observer = &events_;
  }
  void cache() { use(response_cache(options_)); }
  static std::function<void(Call&)> control(const char* directives) {
    return [directives](Call& call) { call.request_metadata().add("cache-control", directives); };
  }
  /// The service's answer has this metadata.
  void answer_with(const char* name, const char* value) {
    service_.script = [name, value](Call& call) {
      call.response_metadata().add(name, value);
      const Message message(Bytes::copy_of("the answer"));
      EXPECT_EQ(call.responses().offer(message), MessageWriter::Poll::Accepted);
      return Task<Status>(Status());
    };
  }
  /// How many calls reach the service of some that ask for the same one after the other.
  int reaching(int calls) {
    const int before = service_.calls;
    for (int i = 0; i < calls; ++i) EXPECT_TRUE(serve().ok());
    return service_.calls - before;
  }
  ResponseCacheOptions options_;
};

class NamedCodec final : public Codec {
 public:
  explicit NamedCodec(std::string name) : name_(std::move(name)) {}
  std::string_view name() const noexcept override { return name_; }
  Result<Message> encode(const google::protobuf::MessageLite&) const override { return Message(); }
  Status decode(const Message&, google::protobuf::MessageLite&) const override { return {}; }

 private:
  std::string name_;
};

TEST_F(ResponseCacheTest, KeepsAnAnswerForEachFormat) {
  cache();
  const NamedCodec json("json");
  const NamedCodec text("text");
  const auto in = [](const Codec& codec) {
    return [&codec](Call& call) { call.set_codec(codec::borrowed(codec)); };
  };
  EXPECT_TRUE(serve().ok());
  EXPECT_TRUE(serve(in(json)).ok());
  EXPECT_TRUE(serve(in(text)).ok());
  EXPECT_EQ(service_.calls, 3);
  EXPECT_TRUE(serve(in(json)).ok());
  EXPECT_TRUE(serve().ok());
  EXPECT_EQ(service_.calls, 3);
}

TEST_F(ResponseCacheTest, AnswersFromMemoryWhatItHasSeen) {
  cache();
  EXPECT_TRUE(serve().ok());
  service_.response = "another answer";
  const Handle second = start();
  EXPECT_TRUE(second->status.ok());
  EXPECT_EQ(second->response(), "the answer");
  EXPECT_EQ(service_.calls, 1);
  EXPECT_EQ(events_.count("cache.hit"), 1);
}

TEST_F(ResponseCacheTest, ForgetsAfterTheTimeToLive) {
  cache();
  EXPECT_EQ(reaching(1), 1);
  run_for(10s - 1ns);
  EXPECT_EQ(reaching(1), 0);
  run_for(1ns);
  EXPECT_EQ(reaching(1), 1);
}

TEST_F(ResponseCacheTest, KnowsRequestsMethodsAndCredentialsApart) {
  options_.methods = {"/pkg.Store/Put"};
  cache();
  EXPECT_EQ(reaching(2), 1);
  request_ = "another";
  EXPECT_EQ(reaching(2), 1);
  method_ = &kPut;
  EXPECT_EQ(reaching(2), 1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(
        serve([](Call& call) { call.request_metadata().add("authorization", "ann"); }).ok());
  }
  EXPECT_EQ(service_.calls, 4);
}

TEST_F(ResponseCacheTest, AMetadataValueCannotPoseAsPartOfTheRequest) {
  options_.vary = {"a", "b"};
  cache();
  EXPECT_TRUE(serve([](Call& call) { call.request_metadata().add("a", "x"); }).ok());
  EXPECT_TRUE(serve([](Call& call) { call.request_metadata().add("b", "x"); }).ok());
  EXPECT_EQ(service_.calls, 2);
}

TEST_F(ResponseCacheTest, KeepsNothingOfMethodsThatChangeSomething) {
  cache();
  method_ = &kPut;
  EXPECT_EQ(reaching(3), 3);
}

TEST_F(ResponseCacheTest, KeepsNoErrors) {
  cache();
  service_.answer = not_found("no such thing");
  EXPECT_EQ(serve().code(), StatusCode::NotFound);
  service_.answer = Status();
  EXPECT_EQ(reaching(1), 1);
}

TEST_F(ResponseCacheTest, KeepsMetadataAndSaysHowOldItIs) {
  answer_with("served-by", "a");
  cache();
  EXPECT_TRUE(serve().ok());
  run_for(3500ms);
  const Handle second = start();
  EXPECT_EQ(second->call.response_metadata().get("served-by"), "a");
  EXPECT_EQ(second->call.response_metadata().get("age"), "3");
  EXPECT_EQ(service_.calls, 1);
}

TEST_F(ResponseCacheTest, NoCacheAsksTheServerAndRefreshes) {
  cache();
  EXPECT_EQ(reaching(1), 1);
  service_.response = "a newer answer";
  EXPECT_TRUE(serve(control("no-cache")).ok());
  EXPECT_EQ(service_.calls, 2);
  EXPECT_EQ(start()->response(), "a newer answer");
  EXPECT_EQ(service_.calls, 2);
}

TEST_F(ResponseCacheTest, NoStoreLeavesTheCacheAlone) {
  cache();
  EXPECT_TRUE(serve(control("no-store")).ok());
  EXPECT_EQ(reaching(2), 1);
}

TEST_F(ResponseCacheTest, ACallerMayAskForAYoungerAnswer) {
  cache();
  EXPECT_EQ(reaching(1), 1);
  run_for(5s);
  EXPECT_TRUE(serve(control("max-age=5")).ok());
  EXPECT_EQ(service_.calls, 1);
  EXPECT_TRUE(serve(control("foo, max-age=4")).ok());
  EXPECT_EQ(service_.calls, 2);
}

TEST_F(ResponseCacheTest, TheServerDecidesWhetherAndHowLong) {
  cache();
  answer_with("cache-control", "private");
  EXPECT_EQ(reaching(2), 2);
  answer_with("cache-control", "max-age=2");
  EXPECT_EQ(reaching(2), 1);
  run_for(2s);
  EXPECT_EQ(reaching(1), 1);
  run_for(2s);
  answer_with("cache-control", "max-age=nonsense");
  EXPECT_EQ(reaching(2), 2);
  answer_with("cache-control", "max-age=3600");
  EXPECT_EQ(reaching(1), 1);
  run_for(10s);
  EXPECT_EQ(reaching(1), 1) << "no longer than the cache's own limit";
}

TEST_F(ResponseCacheTest, TakesNoMoreMemoryThanAllowed) {
  options_.max_bytes = 160'000;
  service_.response = std::string(1000, 'x');
  cache();
  for (int i = 0; i < 1000; ++i) {
    request_ = std::to_string(i);
    EXPECT_TRUE(serve().ok());
  }
  const long kept = events_.count("cache.stored") - events_.count("cache.evicted");
  EXPECT_GT(kept, 60);
  EXPECT_LT(kept, 160'000 / 1384);
  EXPECT_EQ(reaching(2), 0) << "the last one is there";
  request_ = "0";
  EXPECT_EQ(reaching(1), 1) << "the first one is not";
}

TEST_F(ResponseCacheTest, LeavesOutWhatIsTooLarge) {
  options_.max_entry_bytes = 2000;
  service_.response = std::string(2000, 'x');
  cache();
  EXPECT_EQ(reaching(3), 3);
}

TEST_F(ResponseCacheTest, ImpossibleOptionsAreToldToEveryCall) {
  options_.ttl = 0s;
  cache();
  EXPECT_THAT(serve().to_string(), HasSubstr("FAILED_PRECONDITION: ResponseCacheOptions::ttl: 0s"));
}

}  // namespace
}  // namespace weft
