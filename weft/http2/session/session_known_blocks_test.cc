#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/rng.h"
#include "weft/http2/session/internal/session_recorder.h"

// Header blocks that come again, byte for byte, are not decoded again.

namespace weft::http2 {
namespace {

using namespace script;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Note : HeaderMemo {
  explicit Note(int given) noexcept : number(given) {}
  int number;
};

class KnownBlocks : public ::testing::Test {
 protected:
  KnownBlocks() {
    server.receive(client_preface() + settings_ack());
    server.frames();
    server.events();
    server.when_headers = [this](Stream&, bool) { places.push_back(note()); };
  }
  /// What stands in the session's memo: -1 where there is no place, 0 where it is empty; the next
  /// number is put there.
  int note() {
    std::unique_ptr<HeaderMemo>* place = server.session.memo();
    if (place == nullptr) return -1;
    const int found = *place == nullptr ? 0 : static_cast<Note&>(**place).number;
    if (found == 0) *place = std::make_unique<Note>(++made);
    return found;
  }
  /// Sends a HEADERS frame with this block on a new stream; what came of it.
  std::string send(std::string_view encoded) {
    id += 2;
    server.receive(frame(FrameType::Headers, flag::kEndHeaders, id, encoded));
    std::vector<std::string> events = server.events();
    const std::string prefix = "headers " + std::to_string(id) + " initial ";
    return !events.empty() && events[0].starts_with(prefix) ? events[0].substr(prefix.size())
                                                            : ::testing::PrintToString(events);
  }

  Recorder server{plain(Role::Server)};
  std::uint32_t id = static_cast<std::uint32_t>(-1);
  int made = 0;
  std::vector<int> places;
};

// :method POST, :scheme http, :path "/a" and "/b" as literals that enter no table
const std::string kTo = std::string("\x83\x86\x04\x02/", 5);

TEST_F(KnownBlocks, MeanTheSameEachTime) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(send(kTo + "a"), ":method=POST :scheme=http :path=/a");
    EXPECT_EQ(send(kTo + "b"), ":method=POST :scheme=http :path=/b");
  }
}

TEST_F(KnownBlocks, MakeWayForOthersAndMeanTheSameStill) {
  // Twice as many as there is room for, on 96 of the 100 streams that may be open.
  for (int round = 0; round < 2; ++round) {
    for (char name = 'a'; name <= 'p'; ++name) {
      const std::string meaning = std::string(":method=POST :scheme=http :path=/") + name;
      for (int i = 0; i < 3; ++i) EXPECT_EQ(send(kTo + name), meaning);
    }
  }
}

TEST_F(KnownBlocks, KeepTheOwnersMemoFromTheSecondTimeOn) {
  for (int i = 0; i < 4; ++i) send(kTo + "a");
  send(kTo + "b");
  EXPECT_THAT(places, ElementsAre(-1, 0, 1, 1, -1));
}

TEST_F(KnownBlocks, AreForgottenWhenTheTableChanges) {
  // Literals with incremental indexing: each is the newest entry, index 62, after it was sent.
  const std::string enter_a = std::string("\x83\x86\x44\x02/a", 6);
  const std::string enter_b = std::string("\x83\x86\x44\x02/b", 6);
  const std::string newest = "\x83\x86\xbe";
  send(enter_a);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(newest), ":method=POST :scheme=http :path=/a");
  send(enter_b);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(newest), ":method=POST :scheme=http :path=/b");
  EXPECT_THAT(places, ElementsAre(-1, -1, 0, 1, -1, 0, 2, 2));
}

TEST_F(KnownBlocks, AreForgottenWhenTheTableShrinks) {
  const std::string enter = std::string("\x83\x86\x44\x02/a", 6);
  const std::string newest = "\x83\x86\xbe";
  send(enter);
  for (int i = 0; i < 3; ++i) send(newest);
  const std::string empty_table = std::string("\x20\x83\x86\x04\x01/", 6);
  EXPECT_EQ(send(empty_table), ":method=POST :scheme=http :path=/");
  EXPECT_THAT(send(newest), HasSubstr("error COMPRESSION_ERROR"));
}

TEST_F(KnownBlocks, ThatEndAStreamAreCheckedAsTrailersToo) {
  // As a request's trailers the same bytes are malformed, however often they were a request.
  for (int i = 0; i < 3; ++i) send(kTo + "a");
  server.receive(frame(FrameType::Headers, flag::kEndHeaders | flag::kEndStream, id, kTo + "a"));
  EXPECT_THAT(server.events(), Contains(HasSubstr("closed " + std::to_string(id) + " by local")));
}

TEST_F(KnownBlocks, ThatBreakARuleBreakItEachTime) {
  const std::string upper = std::string("\x83\x86\x04\x01/\x00\x01X\x01y", 10);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(send(upper), "{}");
  EXPECT_TRUE(places.empty());
}

TEST_F(KnownBlocks, EnforceTheirContentLengthEachTime) {
  const std::string length = std::string("\x83\x86\x04\x01/\x0f\x0d\x01", 8);
  for (int i = 0; i < 4; ++i) {
    send(length + "2");
    server.receive(data(id, "abc"));
    EXPECT_THAT(server.events(), Contains(HasSubstr("by local PROTOCOL_ERROR")));
  }
}

/// Requests that begin alike and end in what is of each alone.
class KnownBeginnings : public KnownBlocks {
 protected:
  KnownBeginnings() {
    server.when_headers = [this](Stream&, bool) {
      const Session::KnownBeginning known = server.session.known_beginning();
      beginnings.push_back(known.fields.size());
      whole.push_back(server.session.memo() != nullptr);
      if (known.memo != nullptr && *known.memo == nullptr) {
        *known.memo = std::make_unique<Note>(++made);
      }
    };
  }
  std::string send_with_id(std::string_view beginning, std::string_view id_value) {
    std::string block(beginning);
    block += std::string("\0\2id", 4) + static_cast<char>(id_value.size());
    return send(block.append(id_value));
  }
  std::vector<std::size_t> beginnings;
  std::vector<bool> whole;
};

// As kTo, with :path /a, te: trailers.
const std::string kBeginning = kTo + "a" + std::string("\0\2te\x8trailers", 13);
const std::string kMeaning = ":method=POST :scheme=http :path=/a te=trailers";

TEST_F(KnownBeginnings, AreFoundAfterAFewRequests) {
  for (int i = 10; i < 16; ++i) {
    EXPECT_EQ(send_with_id(kBeginning, std::to_string(i)), kMeaning + " id=" + std::to_string(i));
  }
  EXPECT_THAT(beginnings, ElementsAre(0, 0, 0, 0, 4, 4));
  EXPECT_EQ(made, 1);
}

TEST_F(KnownBeginnings, WithAShortRestMayBeWholeBlocksThatRepeat) {
  for (int i = 10; i < 16; ++i) send_with_id(kBeginning, std::to_string(i));
  whole.clear();
  for (const char* id : {"20", "20", "20", "21", "20"}) {
    EXPECT_EQ(send_with_id(kBeginning, id), kMeaning + " id=" + id);
  }
  EXPECT_THAT(whole, ElementsAre(false, true, true, false, true));
}

TEST_F(KnownBeginnings, OfSeveralMethodsMeanTheSameEachTime) {
  const std::string other = kTo + "b" + std::string("\0\2te\x8trailers", 13);
  for (int i = 10; i < 40; ++i) {
    EXPECT_EQ(send_with_id(kBeginning, std::to_string(i)), kMeaning + " id=" + std::to_string(i));
    if (i % 3 == 0) {
      EXPECT_EQ(send_with_id(other, "x"), ":method=POST :scheme=http :path=/b te=trailers id=x");
    }
  }
}

TEST_F(KnownBeginnings, AreForgottenWhenTheTableChanges) {
  const auto enter = [&](char value) { return send(std::string("\x83\x86\x44\x02/", 5) + value); };
  const std::string newest = std::string("\x83\x86\xbe\0\2te\x8trailers", 16);
  for (const char path : {'a', 'b'}) {
    enter(path);
    for (int i = 10; i < 16; ++i) {
      EXPECT_EQ(send_with_id(newest, std::to_string(i)),
                std::string(":method=POST :scheme=http :path=/") + path +
                    " te=trailers id=" + std::to_string(i));
    }
  }
}

TEST_F(KnownBeginnings, MayBeFollowedByWhatEntersTheTable) {
  for (int i = 10; i < 16; ++i) send_with_id(kBeginning, std::to_string(i));
  EXPECT_EQ(send(kBeginning + std::string("\x40\2id\x1z", 6)), kMeaning + " id=z");
  EXPECT_EQ(send(kBeginning + "\xbe"), kMeaning + " id=z");
}

TEST_F(KnownBeginnings, DoNotExcuseWhatFollowsThem) {
  for (int i = 10; i < 16; ++i) send_with_id(kBeginning, std::to_string(i));
  EXPECT_EQ(send(kBeginning + std::string("\0\2iD\x1z", 6)), "{}") << "upper case";
  EXPECT_EQ(send(kBeginning + "\x84"), "{}") << "a pseudo-header field after a regular one";
  EXPECT_EQ(send(kBeginning + std::string("\0\x0a", 2) + "connection" + "\x1z"), "{}");
  EXPECT_EQ(send(kBeginning + std::string("\x0f\x0d\1x", 4)), "{}") << "content-length x";
  EXPECT_EQ(send_with_id(kBeginning, "99"), kMeaning + " id=99");
}

TEST_F(KnownBeginnings, HoldALaterHostToTheirAuthority) {
  const std::string at_here = std::string("\x83\x86\x84\x01\4here\0\2te\x8trailers", 22);
  const std::string meaning = ":method=POST :scheme=http :path=/ :authority=here te=trailers";
  for (int i = 10; i < 16; ++i) {
    EXPECT_EQ(send_with_id(at_here, std::to_string(i)), meaning + " id=" + std::to_string(i));
  }
  const std::string host = std::string("\0\4host\4", 7);
  EXPECT_EQ(send(at_here + host + "here"), meaning + " host=here");
  EXPECT_EQ(send(at_here + host + "else"), "{}");
}

TEST_F(KnownBeginnings, CountForTheSizeOfTheList) {
  SessionOptions options = plain(Role::Server);
  options.local.max_header_list_size = 300;
  Recorder small{options};
  small.receive(client_preface() + settings_ack());
  small.events();
  for (std::uint32_t stream = 1; stream < 12; stream += 2) {
    const std::string block =
        kBeginning + std::string("\0\2id\x1", 5) + static_cast<char>('a' + stream);
    small.receive(frame(FrameType::Headers, flag::kEndHeaders, stream, block));
  }
  const std::string large = kBeginning + std::string("\0\2id\x7f\x00", 6) + std::string(127, 'x');
  small.events();
  small.receive(frame(FrameType::Headers, flag::kEndHeaders, 13, large));
  EXPECT_THAT(small.events(), ElementsAre("too large 13"));
}

TEST_F(KnownBeginnings, AreNoneWhereLittleIsAlike) {
  for (int i = 10; i < 40; ++i) send(kTo + static_cast<char>('a' + i % 26) + "\x90");
  for (const std::size_t fields : beginnings) EXPECT_EQ(fields, 0U);
}

TEST_F(KnownBeginnings, OfRandomRequestsMeanWhatWasSent) {
  constexpr std::uint64_t kSeed = 20261201;
  SCOPED_TRACE(kSeed);
  Rng rng(kSeed);
  HpackEncoder encoder;
  const auto pick = [&rng](std::initializer_list<const char*> from) {
    return std::string(from.begin()[rng.below(from.size())]);
  };
  std::size_t with_beginning = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::pair<std::string, std::string>> list = {
        {":method", "POST"}, {":scheme", "http"}, {":path", pick({"/a", "/b", "/b/c"})}};
    list.emplace_back("te", "trailers");
    for (std::uint64_t more = rng.below(6); more > 0; --more) {
      const std::string name = pick({"x-tenant", "authorization", "grpc-timeout", "x-id"});
      // Few values repeat, others never do; long ones chase entries out of the table.
      std::string value = rng.below(3) == 0 ? std::to_string(rng()) : pick({"1", "22", "333"});
      if (rng.below(4) == 0) value.append(400, 'v');
      list.emplace_back(name, value);
    }
    std::vector<HeaderField> fields;
    std::string expected;
    for (const auto& [name, value] : list) {
      fields.push_back({.name = name, .value = value, .token = token_of(name)});
      expected += (expected.empty() ? "" : " ") + name + "=" + value;
    }
    std::string block(encoder.bound(fields), '\0');
    auto* const out = reinterpret_cast<std::uint8_t*>(block.data());
    block.resize(static_cast<std::size_t>(encoder.encode(fields, out) - out));
    ASSERT_EQ(send(block), expected) << "request " << i;
    with_beginning += beginnings.back() == 0 ? 0 : 1;
    server.session.reset(server.stream(id), ErrorCode::NoError);
    server.frames();
    server.events();
  }
  EXPECT_GT(with_beginning, 2'000U);
}

TEST(FixedBlocks, OfRequestsPrecedeARequestsOwnFields) {
  Recorder client{plain(Role::Client)};
  SessionOptions options = plain(Role::Server);
  options.local.max_header_list_size = 64 * 1024;
  Recorder server{options};
  exchange(client, server);
  const std::vector<HeaderField> usual = {{":method", "POST", Token::Method},
                                          {":scheme", "http", Token::Scheme},
                                          {":path", "/pkg.Service/Method", Token::Path},
                                          {":authority", "here", Token::Authority},
                                          {"te", "trailers", Token::Te}};
  FixedBlock block;
  const auto open = [&](const std::vector<HeaderField>& more) {
    server.events();
    const Stream& stream = client.session.open_stream(usual, block, more, true, nullptr);
    const std::uint32_t id = stream.id();
    const std::string bytes = take(client.session.output());
    server.receive(bytes);
    std::string expected = internal::text(
        "headers ", id,
        " initial :method=POST :scheme=http :path=/pkg.Service/Method :authority=here te=trailers");
    for (const HeaderField& field : more) {
      expected += internal::text(" ", field.name, "=", field.value);
    }
    EXPECT_THAT(server.events(), Contains(expected + " end"));
    return bytes.size() - kFrameHeaderSize;
  };
  EXPECT_GT(open({}), 5U);
  EXPECT_EQ(open({}), 5U);
  EXPECT_EQ(open({}), 5U);
  EXPECT_GT(open({{"grpc-timeout", "3S", Token::GrpcTimeout}}), 5U);
  EXPECT_EQ(open({}), 5U);
  // What enters the table moves the usual to other indices.
  for (int i = 0; i < 4; ++i) open({{"x-tenant", "blue"}});
  EXPECT_EQ(open({}), 5U);
  EXPECT_EQ(open({}), 5U);
  // More than a frame takes goes on in CONTINUATION.
  const std::string large(20'000, '\\');  // which Huffman codes make no shorter
  EXPECT_GT(open({{"x-large", large}}), kDefaultFrameSize);
  EXPECT_EQ(open({}), 5U);
}

}  // namespace
}  // namespace weft::http2
