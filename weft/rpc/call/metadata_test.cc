#include "weft/rpc/call/metadata.h"

#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(const Metadata& metadata) {
  Pairs pairs;
  for (const Metadata::Entry entry : metadata) pairs.emplace_back(entry.name, entry.value);
  return pairs;
}

TEST(Metadata, KeepsOrderAndDuplicates) {
  Metadata metadata;
  EXPECT_TRUE(metadata.empty());
  metadata.add("a", "1");
  metadata.add("b", "");
  metadata.add("a", "2");
  EXPECT_EQ(metadata.size(), 3U);
  EXPECT_EQ(pairs_of(metadata), (Pairs{{"a", "1"}, {"b", ""}, {"a", "2"}}));
  EXPECT_EQ(metadata.get("a"), "1");
  EXPECT_EQ(metadata.get("b"), "");
  EXPECT_EQ(metadata.get("c"), std::nullopt);
  EXPECT_THAT(metadata.get_all("a"), ElementsAre("1", "2"));
  EXPECT_TRUE(metadata.get_all("c").empty());
}

TEST(Metadata, NamesAreLowerCaseAndFoundInAnyCase) {
  Metadata metadata;
  metadata.add("X-Request-ID", "Value");
  EXPECT_EQ(metadata[0].name, "x-request-id");
  EXPECT_EQ(metadata.get("x-REQUEST-id"), "Value");
  EXPECT_EQ(metadata.get("x-request-i"), std::nullopt);
  EXPECT_EQ(metadata.remove("X-Request-Id"), 1U);
  EXPECT_TRUE(metadata.empty());
}

TEST(Metadata, RemovesEveryPairOfAName) {
  Metadata metadata;
  for (const char* name : {"a", "b", "a", "c", "a"}) metadata.add(name, std::string("of ") + name);
  EXPECT_EQ(metadata.remove("a"), 3U);
  EXPECT_EQ(metadata.remove("a"), 0U);
  EXPECT_EQ(pairs_of(metadata), (Pairs{{"b", "of b"}, {"c", "of c"}}));
  EXPECT_EQ(metadata.wire_size(), 5U + 5U + 64U);
}

TEST(Metadata, CopiesAPairOfItsOwn) {
  Metadata metadata;
  metadata.add("first", std::string(100, 'v'));
  for (int i = 0; i < 20; ++i) metadata.add(metadata[0].name, *metadata.get("first"));
  for (const Metadata::Entry entry : metadata) {
    EXPECT_EQ(entry.name, "first");
    EXPECT_EQ(entry.value, std::string(100, 'v'));
  }
  EXPECT_EQ(metadata.remove(metadata[3].name), 21U);
  metadata.add("one", std::string(100, 'w'));
  // Each of the pair may be its own; a fresh copy has no room to spare.
  for (Metadata copy : {Metadata(metadata), Metadata(metadata)}) {
    copy.add("two", copy[0].value);
    EXPECT_EQ(copy.get("two"), std::string(100, 'w'));
    copy = metadata;
    copy.add(copy[0].name, std::string(200, 'x'));
    EXPECT_EQ(copy[1].name, "one");
  }
}

TEST(Metadata, CopiesWithRoomForMore) {
  Metadata metadata;
  metadata.add("a", "1");
  Metadata copy(metadata, Metadata::kEntryMemory + 4);
  const std::size_t memory = copy.memory();
  copy.add("bb", "22");
  EXPECT_EQ(copy.memory(), memory);
  EXPECT_EQ(copy.get("a"), "1");
  EXPECT_EQ(copy.get("bb"), "22");
  EXPECT_EQ(metadata.size(), 1U);
  EXPECT_EQ(Metadata(Metadata(), 0).memory(), 0U);
}

TEST(Metadata, ClearKeepsNothing) {
  Metadata metadata;
  metadata.add("a", "b");
  metadata.clear();
  EXPECT_TRUE(metadata.empty());
  EXPECT_EQ(metadata.wire_size(), 0U);
  metadata.add("c", "d");
  EXPECT_EQ(pairs_of(metadata), (Pairs{{"c", "d"}}));
}

TEST(Metadata, CountsItsSizeAsHttp2Does) {
  Metadata metadata;
  metadata.add("name", "value");
  EXPECT_EQ(metadata.wire_size(), 4U + 5U + 32U);
}

TEST(Metadata, BehavesAsAListOfPairsUnderRandomOperations) {
  const char* text = std::getenv("WEFT_SEED");
  const std::uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : 20260102;
  SCOPED_TRACE("WEFT_SEED=" + std::to_string(seed));
  Rng rng(seed);
  for (int round = 0; round < 200; ++round) {
    Metadata metadata;
    Pairs model;
    for (int step = 0; step < 40; ++step) {
      const std::string name(1 + rng.below(2), static_cast<char>('a' + rng.below(4)));
      if (rng.below(5) == 0) {
        const std::size_t removed =
            std::erase_if(model, [&](const auto& pair) { return pair.first == name; });
        ASSERT_EQ(metadata.remove(name), removed);
      } else {
        std::string value(rng.below(20), static_cast<char>(rng()));
        metadata.add(name, value);
        model.emplace_back(name, std::move(value));
      }
      ASSERT_EQ(pairs_of(metadata), model);
    }
  }
}

TEST(MetadataValidation, AcceptsWhatTheProtocolAllows) {
  Metadata metadata;
  metadata.add("x-request_id.2", "any ~ printable, even 'empty' ones");
  metadata.add("Upper-Case", "");
  metadata.add("token-bin", std::string_view("\0\xff\r\n", 4));
  metadata.add("authorization", "Bearer abc");
  metadata.add("grpc", "only the prefix with a dash is reserved");
  EXPECT_TRUE(metadata.validate().ok()) << metadata.validate().to_string();
  EXPECT_TRUE(Metadata().validate().ok());
}

TEST(MetadataValidation, RefusesAndNamesTheRule) {
  struct Case {
    std::string_view name;
    std::string_view value;
    std::string_view rule;
  };
  const Case cases[] = {
      {"", "v", "the name is empty"},
      {":path", "v", "not byte 0x3a at position 0"},
      {"two words", "v", "not byte 0x20 at position 3"},
      {"caf\xc3\xa9", "v", "not byte 0xc3 at position 3"},
      {"grpc-timeout", "1S", "names that start with grpc- are reserved"},
      {"GRPC-anything-bin", "v", "names that start with grpc- are reserved"},
      {"content-type", "v", "reserved for the transport"},
      {"content-length", "1", "reserved for the transport"},
      {"te", "trailers", "reserved for the transport"},
      {"Host", "v", "reserved for the transport"},
      {"connection", "close", "reserved for the transport"},
      {"keep-alive", "v", "reserved for the transport"},
      {"proxy-connection", "v", "reserved for the transport"},
      {"transfer-encoding", "chunked", "reserved for the transport"},
      {"upgrade", "h2c", "reserved for the transport"},
      {"user-agent", "v", "set with the channel's options"},
      {"name", "line\nbreak", "not byte 0x0a at position 4"},
      {"name", "caf\xc3\xa9", "printable ASCII unless the name ends in -bin, not byte 0xc3"},
      {"name", std::string_view("\0", 1), "not byte 0x00 at position 0"},
      {"name", "\x7f", "not byte 0x7f at position 0"},
  };
  for (const Case& c : cases) {
    Metadata metadata;
    metadata.add("fine", "fine");
    metadata.add(c.name, c.value);
    const Status status = metadata.validate();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << c.name;
    EXPECT_THAT(std::string(status.message()), HasSubstr("metadata entry 1, '")) << c.name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(c.rule))) << c.name;
  }
}

TEST(MetadataValidation, LooksAtEachCharacter) {
  for (int c = 0; c < 256; ++c) {
    const char character = static_cast<char>(c);
    const bool named = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    const bool printable = c >= 0x20 && c <= 0x7e;
    for (const std::size_t before : {0U, 2U, 6U, 14U, 40U}) {
      Metadata names;
      names.add(std::string(before, 'x') + character + 'y', "");
      EXPECT_EQ(names.validate().ok(), named) << c << " after " << before;
      Metadata values;
      values.add("x", std::string(before, 'v') + character);
      EXPECT_EQ(values.validate().ok(), printable) << c << " after " << before;
    }
  }
}

TEST(MetadataValidation, QuotesHostileNamesHarmlessly) {
  Metadata metadata;
  metadata.add("\x1b[31m" + std::string(1000, 'x'), "v");
  const std::string message(metadata.validate().message());
  EXPECT_THAT(message, HasSubstr("'?[31mxxx"));
  EXPECT_LT(message.size(), 250U);
}

}  // namespace
}  // namespace weft
