// Streams that end as soon as they have begun, so that the server works for nobody.

#include <string>

#include "tests/attacks/victim.h"

namespace weft::attacks {
namespace {

using http2::ErrorCode;
using http2::FrameType;

// CVE-2023-44487.
TEST(RapidReset, IsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    std::string bytes;
    for (std::uint32_t id = 1; id < 4001; id += 2) {
      bytes += open_call(id) + testing::rst_stream(id, ErrorCode::Cancel);
    }
    attacker.send(bytes);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "reset");
  });
  // The GOAWAY may leave before the last of the calls have: the turn it was in is over by then.
  victim.serves_on(3);
  EXPECT_LE(victim.server().active_calls(), 1U);
}

/// One way of making the server reset a stream that its client has opened (CVE-2025-8671).
struct Provocation {
  const char* name;
  std::string (*bytes)(std::uint32_t id);
};

std::string zero_window_update(std::uint32_t id) {
  return open_call(id) + testing::window_update(id, 0);
}
std::string window_overflow(std::uint32_t id) {
  return open_call(id) + testing::window_update(id, 0x7fffffff);
}
std::string headers_after_end(std::uint32_t id) {
  const Fields fields = testing::grpc_request("/test.Kinds/Collect");
  return testing::headers(id, fields, EndStream::Yes) + testing::headers(id, {}, EndStream::Yes);
}
std::string data_after_end(std::uint32_t id) {
  return testing::headers(id, testing::grpc_request("/test.Kinds/Collect"), EndStream::Yes) +
         testing::data(id, "x");
}
std::string short_priority(std::uint32_t id) {
  return open_call(id) + testing::frame(FrameType::Priority, 0, id, "four");
}
std::string self_dependency(std::uint32_t id) { return open_call(id) + priority(id, id); }
std::string content_too_long(std::uint32_t id) {
  return testing::headers(id,
                          testing::grpc_request("/test.Kinds/Unary", {{"content-length", "3"}})) +
         testing::data(id, "four");
}
std::string content_too_short(std::uint32_t id) {
  return testing::headers(id,
                          testing::grpc_request("/test.Kinds/Unary", {{"content-length", "9"}})) +
         testing::data(id, "four", EndStream::Yes);
}
std::string trailers_that_go_on(std::uint32_t id) {
  return open_call(id) + testing::headers(id, {{"x", "y"}});
}
std::string malformed_request(std::uint32_t id) {
  return testing::headers(id, testing::grpc_request("/test.Kinds/Unary", {{"connection", "x"}}));
}

class MadeYouReset : public ::testing::TestWithParam<Provocation> {};

TEST_P(MadeYouReset, IsCutOff) {
  Victim victim;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    std::string bytes;
    for (std::uint32_t id = 1; id < 4001; id += 2) bytes += GetParam().bytes(id);
    attacker.send(bytes);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "reset");
  });
  // The GOAWAY may leave before the last of the calls have: the turn it was in is over by then.
  victim.serves_on(3);
  EXPECT_LE(victim.server().active_calls(), 1U);
}

TEST_P(MadeYouReset, OfOneStreamIsThatStreamsMatter) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(GetParam().bytes(1) + call(3));
  EXPECT_NE(attacker.find(FrameType::RstStream, 1), nullptr) << attacker.log();
  EXPECT_NE(attacker.find(FrameType::Headers, 3), nullptr) << attacker.log();
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
}

INSTANTIATE_TEST_SUITE_P(By, MadeYouReset,
                         ::testing::Values(Provocation{"ZeroWindowUpdate", zero_window_update},
                                           Provocation{"WindowOverflow", window_overflow},
                                           Provocation{"HeadersAfterTheEnd", headers_after_end},
                                           Provocation{"DataAfterTheEnd", data_after_end},
                                           Provocation{"ShortPriority", short_priority},
                                           Provocation{"SelfDependency", self_dependency},
                                           Provocation{"ContentTooLong", content_too_long},
                                           Provocation{"ContentTooShort", content_too_short},
                                           Provocation{"TrailersThatGoOn", trailers_that_go_on},
                                           Provocation{"MalformedRequest", malformed_request}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace weft::attacks
