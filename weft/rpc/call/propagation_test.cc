#include "weft/rpc/call/propagation.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace weft::rpc {
namespace {

constexpr std::string_view kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string text_of(const TraceContext& trace) {
  const auto text = format_traceparent(trace);
  return {text.data(), text.size()};
}

std::string read_and_written(std::string_view traceparent) {
  const std::optional<TraceContext> trace = parse_traceparent(traceparent);
  return trace ? text_of(*trace) : "none";
}

TEST(Traceparent, IsReadAndWrittenAgain) {
  const std::optional<TraceContext> trace = parse_traceparent(kTraceparent);
  ASSERT_TRUE(trace.has_value());
  EXPECT_EQ(trace->trace_id[0], 0x4b);
  EXPECT_EQ(trace->trace_id[15], 0x36);
  EXPECT_EQ(trace->span_id[7], 0xb7);
  EXPECT_TRUE(trace->sampled());
  EXPECT_FALSE(trace->binary);
  EXPECT_EQ(text_of(*trace), kTraceparent);
}

TEST(Traceparent, TakesDigitsOfLowerCaseOnly) {
  const std::string valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  for (std::size_t at = 0; at < valid.size(); ++at) {
    if (valid[at] == '-' || at < 2) continue;
    for (int c = 0; c < 256; ++c) {
      std::string text = valid;
      text[at] = static_cast<char>(c);
      const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      ASSERT_EQ(parse_traceparent(text).has_value(), digit) << at << ": " << c;
    }
  }
}

TEST(Traceparent, KeepsOnlyTheFlagsOfTheStandard) {
  const std::string ids = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-";
  EXPECT_EQ(read_and_written(ids + "00"), ids + "00");
  EXPECT_EQ(read_and_written(ids + "02"), ids + "02");
  EXPECT_EQ(read_and_written(ids + "ff"), ids + "03");
}

TEST(Traceparent, OfALaterVersionIsReadInPart) {
  const std::string later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-";
  EXPECT_EQ(read_and_written(later + "01"), kTraceparent);
  EXPECT_EQ(read_and_written(later + "03"), kTraceparent) << "only sampled is known of it";
  EXPECT_EQ(read_and_written(later + "01-what-the-future-will-be-like"), kTraceparent);
  EXPECT_EQ(read_and_written(later + "01.what-the-future-will-be-like"), "none");
  EXPECT_EQ(read_and_written(later + "011"), "none");
}

TEST(Traceparent, ThatIsMalformedIsNone) {
  for (const std::string_view bad : {
           "",
           "00",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0.",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-.bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
           "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           ".0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-001",
       }) {
    EXPECT_FALSE(parse_traceparent(bad).has_value()) << bad;
  }
}

std::string state_of(std::string_view text, std::size_t* dropped = nullptr) {
  const Result<TraceState> state = TraceState::parse(text, dropped);
  return state.ok() ? std::string(state->text()) : "invalid";
}

std::string members(std::size_t count, std::size_t size = 0) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    std::string member = "k" + std::to_string(i) + "=v";
    member.resize(std::max(member.size(), size), 'v');
    list.append(i == 0 ? "" : ",").append(member);
  }
  return list;
}

TEST(Tracestate, IsKeptInItsOrderWithoutSpacesAndEmptyMembers) {
  EXPECT_EQ(state_of("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  EXPECT_EQ(state_of("foo=1 \t , \t bar=2, \t ,,baz=3"), "foo=1,bar=2,baz=3");
  EXPECT_EQ(state_of(""), "");
  EXPECT_EQ(state_of(" , "), "");
}

TEST(Tracestate, TakesTheKeysAndValuesOfTheStandard) {
  const std::string longest(256, 'z');
  for (const std::string& good : {std::string("0a-_*/=1"), std::string("fw529a3039@dt=FfffffffX"),
                                  longest + "=1", std::string("a= leading space"), "a=" + longest,
                                  std::string("a=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~")}) {
    EXPECT_EQ(TraceState::parse(good).ok(), true) << good;
  }
}

TEST(Tracestate, ThatIsMalformedIsNone) {
  const std::string too_long(257, 'z');
  for (const std::string& bad :
       {std::string("foo"), std::string("foo="), std::string("=1"), std::string("="),
        std::string("foo =1"), std::string("FOO=1"), std::string("foo.bar=1"), std::string("_a=1"),
        std::string("@foo=1"), std::string("foo=bar=baz"), std::string("foo=1,bar"),
        too_long + "=1", "a=" + too_long, std::string("a=\xc3\xa4"), std::string("a=b\tc")}) {
    EXPECT_EQ(state_of(bad), "invalid") << bad;
  }
}

TEST(Tracestate, HasAtMost32Members) {
  EXPECT_EQ(state_of(members(32)), members(32));
  EXPECT_EQ(state_of(members(33)), "invalid");
}

TEST(Tracestate, LosesLongMembersFirstThenTheLast) {
  std::size_t dropped = 0;
  const std::string long_member = "long=" + std::string(124, 'x');
  EXPECT_EQ(state_of(long_member + "," + members(5, 100), &dropped), members(5, 100));
  EXPECT_EQ(dropped, 1U);
  EXPECT_EQ(state_of(members(6, 100), &dropped), members(5, 100));
  EXPECT_EQ(dropped, 2U);
  EXPECT_EQ(state_of(long_member + ",a=1", &dropped), long_member + ",a=1") << "it fits";
  EXPECT_EQ(dropped, 2U);
}

std::string binary(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

TEST(GrpcTraceBin, IsReadAndWrittenAgain) {
  const std::string bytes = binary(
      "0000"
      "4bf92f3577b34da6a3ce929d0e0e4736"
      "01"
      "00f067aa0ba902b7"
      "0201");
  const std::optional<TraceContext> trace = parse_trace_bin(bytes);
  ASSERT_TRUE(trace.has_value());
  EXPECT_EQ(text_of(*trace), kTraceparent);
  EXPECT_TRUE(trace->binary);
  const auto again = format_trace_bin(*trace);
  EXPECT_EQ(std::string(again.data(), again.size()), bytes);
}

TEST(GrpcTraceBin, NeedsNoFlagsAndPassesUnknownFieldsOver) {
  const std::string ids =
      "0000"
      "4bf92f3577b34da6a3ce929d0e0e4736"
      "01"
      "00f067aa0ba902b7";
  ASSERT_TRUE(parse_trace_bin(binary(ids)).has_value());
  EXPECT_FALSE(parse_trace_bin(binary(ids))->sampled());
  ASSERT_TRUE(parse_trace_bin(binary(ids + "020107ffff")).has_value());
  EXPECT_TRUE(parse_trace_bin(binary(ids + "020107ffff"))->sampled());
}

TEST(GrpcTraceBin, ThatIsMalformedIsNone) {
  const std::string ids =
      "4bf92f3577b34da6a3ce929d0e0e4736"
      "01"
      "00f067aa0ba902b7";
  for (const std::string& bad :
       {std::string(), std::string("00"), std::string("0000"), "0100" + ids,
        "0000" + ids.substr(0, ids.size() - 2), "0000" + ids + "02",
        std::string("0000"
                    "00000000000000000000000000000000"
                    "01"
                    "00f067aa0ba902b7"),
        std::string("0001"
                    "00f067aa0ba902b7")}) {
    EXPECT_FALSE(parse_trace_bin(binary(bad)).has_value()) << bad;
  }
}

struct ReadBaggage {
  Context context;
  BaggageRoom room;
  std::size_t dropped = 0;

  explicit ReadBaggage(std::string_view text) { add(text); }
  void add(std::string_view text) { dropped += parse_baggage(text, room, context); }
  std::string value(std::string_view key) const {
    const std::string* found = context.baggage(key);
    return found == nullptr ? "none" : *found;
  }
  std::string written(std::size_t at_most = kMaxBaggageSize) const {
    std::size_t left_out = 0;
    return format_baggage(context, at_most, left_out);
  }
};

TEST(Baggage, IsReadAndWrittenAgain) {
  const ReadBaggage read("userId=alice,serverNode=DF%2028,isProduction=false");
  EXPECT_EQ(read.value("userId"), "alice");
  EXPECT_EQ(read.value("serverNode"), "DF 28");
  EXPECT_EQ(read.value("isProduction"), "false");
  EXPECT_EQ(read.value("userid"), "none") << "keys are case-sensitive";
  EXPECT_EQ(read.written(), "userId=alice,serverNode=DF%2028,isProduction=false");
  EXPECT_EQ(read.dropped, 0U);
}

TEST(Baggage, HandsPropertiesOn) {
  const ReadBaggage read("key1=value1;property1;property2, key2 = value2, key3=v; a = b ;c");
  EXPECT_EQ(read.value("key1"), "value1");
  EXPECT_EQ(read.value("key3"), "v");
  EXPECT_EQ(read.written(), "key1=value1;property1;property2,key2=value2,key3=v;a=b;c");
}

TEST(Baggage, EncodesWhatIsNotOfItsCharacters) {
  Context context;
  context.set_baggage("k", "a,b;c\"d\\e%f g=h\n\xc3\xa4");
  std::size_t dropped = 0;
  const std::string text = format_baggage(context, kMaxBaggageSize, dropped);
  EXPECT_EQ(text, "k=a%2Cb%3Bc%22d%5Ce%25f%20g=h%0A%C3%A4");
  EXPECT_EQ(ReadBaggage(text).value("k"), "a,b;c\"d\\e%f g=h\n\xc3\xa4");
}

TEST(Baggage, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(ReadBaggage("k=a%ffb%C3%A4").value("k"),
            "a\xef\xbf\xbd"
            "b\xc3\xa4");
  EXPECT_EQ(ReadBaggage("k=100%,l=%zz").value("k"), "100%");
  EXPECT_EQ(ReadBaggage("k=100%,l=%zz").value("l"), "%zz");
}

TEST(Baggage, TakesTheLastOfEqualKeys) {
  const ReadBaggage read("a=1,b=2,a=3;p");
  EXPECT_EQ(read.written(), "a=3;p,b=2");
}

TEST(Baggage, DropsMalformedMembersOnly) {
  const ReadBaggage read(
      "good=1,none,=2,sp ace=3,quo\"te=4,v=a b,v2=\"x\",v3=\xc3\xa4,,p=1;\xff,last=");
  EXPECT_EQ(read.written(), "good=1,last=");
  EXPECT_EQ(read.dropped, 8U);
}

TEST(Baggage, HasAtMost64MembersInAllFieldsTogether) {
  ReadBaggage read(members(60));
  read.add("a=1,b=2,c=3,d=4,e=5,f=6");
  EXPECT_EQ(read.value("d"), "4");
  EXPECT_EQ(read.value("e"), "none");
  EXPECT_EQ(read.dropped, 2U);
  EXPECT_EQ(ReadBaggage(members(1000)).dropped, 936U);
}

TEST(Baggage, HasAtMost8192Bytes) {
  const std::string whole = "k=" + std::string(kMaxBaggageSize - 2, 'v');
  EXPECT_EQ(ReadBaggage(whole).written(), whole);
  EXPECT_EQ(ReadBaggage(whole + "v").dropped, 1U);
  ReadBaggage read("a=" + std::string(5000, 'v') + ",b=" + std::string(5000, 'v') + ",c=1");
  EXPECT_EQ(read.value("c"), "1") << "what fits is taken";
  EXPECT_EQ(read.dropped, 1U);
  read.add("d=" + std::string(4000, 'v'));
  EXPECT_EQ(read.dropped, 2U);
}

TEST(Baggage, IsWrittenAsFarAsThereIsRoom) {
  Context context;
  context.set_baggage("a", "1");
  context.set_baggage("large", std::string(kMaxBaggageSize, ' '));
  context.set_baggage("not a token", "1");
  context.set_baggage("p", "1", "two words");
  context.set_baggage("b", "2", "ttl=3");
  std::size_t dropped = 0;
  EXPECT_EQ(format_baggage(context, kMaxBaggageSize, dropped), "a=1,b=2;ttl=3");
  EXPECT_EQ(dropped, 3U);
  EXPECT_EQ(format_baggage(context, 5, dropped), "a=1");
  for (int i = 0; i < 100; ++i) context.set_baggage("k" + std::to_string(i), "v");
  dropped = 0;
  const std::string most = format_baggage(context, kMaxBaggageSize, dropped);
  EXPECT_EQ(std::count(most.begin(), most.end(), ','), 63);
  EXPECT_EQ(dropped, 3U + 38U);
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Metadata metadata_of(const Pairs& pairs) {
  Metadata metadata;
  for (const auto& [name, value] : pairs) metadata.add(name, value);
  return metadata;
}

Pairs pairs_of(const Metadata& metadata) {
  Pairs pairs;
  for (const Metadata::Entry entry : metadata) pairs.emplace_back(entry.name, entry.value);
  return pairs;
}

/// What a server's calls carry on that came with these pairs.
Pairs carried(const Pairs& received, const PropagationOptions& options = {}) {
  const std::unique_ptr<const Context> context = extract_context(options, metadata_of(received));
  if (context == nullptr) return {};
  Metadata metadata;
  inject_context({}, *context, metadata);
  return pairs_of(metadata);
}

TEST(Propagation, OfMetadataWithoutTraceAndBaggageGivesNothing) {
  EXPECT_EQ(extract_context({}, {}), nullptr);
  EXPECT_EQ(extract_context({}, metadata_of({{"x-id", "1"}, {"tracestate", "a=1"}})), nullptr);
  EXPECT_EQ(
      extract_context({}, metadata_of({{"traceparent", "nonsense"}, {"baggage", "nonsense"}})),
      nullptr);
}

TEST(Propagation, HandsOnWhatCame) {
  const Pairs sent = {{"traceparent", std::string(kTraceparent)},
                      {"tracestate", "rojo=1,congo=2"},
                      {"baggage", "tenant=blue"}};
  EXPECT_EQ(carried(sent), sent);
}

TEST(Propagation, JoinsTheFieldsOfAList) {
  const Pairs got = carried({{"tracestate", "rojo=1"},
                             {"traceparent", std::string(kTraceparent)},
                             {"baggage", "a=1"},
                             {"tracestate", "congo=2"},
                             {"baggage", "b=2,a=3"}});
  EXPECT_EQ(got, (Pairs{{"traceparent", std::string(kTraceparent)},
                        {"tracestate", "rojo=1,congo=2"},
                        {"baggage", "a=3,b=2"}}));
}

TEST(Propagation, DropsTheTracestateOfATraceparentThatIsInvalid) {
  EXPECT_EQ(carried({{"traceparent", "nonsense"}, {"tracestate", "a=1"}, {"baggage", "a=1"}}),
            (Pairs{{"baggage", "a=1"}}));
  EXPECT_EQ(carried({{"traceparent", std::string(kTraceparent)},
                     {"traceparent", std::string(kTraceparent)},
                     {"tracestate", "a=1"}}),
            Pairs{});
}

TEST(Propagation, KeepsTheTraceOfATracestateThatIsInvalid) {
  const std::uint64_t before = propagation_drops();
  EXPECT_EQ(carried({{"traceparent", std::string(kTraceparent)}, {"tracestate", "FOO"}}),
            (Pairs{{"traceparent", std::string(kTraceparent)}}));
  EXPECT_EQ(propagation_drops(), before + 1);
}

TEST(Propagation, ReadsGrpcTraceBinWhereThereIsNoValidTraceparent) {
  const TraceContext trace = *parse_traceparent(kTraceparent);
  const auto bytes = format_trace_bin(trace);
  const std::string text(bytes.data(), bytes.size());
  const Pairs both = {{"traceparent", std::string(kTraceparent)}, {"grpc-trace-bin", text}};
  EXPECT_EQ(carried({{"grpc-trace-bin", text}}), both) << "and passes both on";
  EXPECT_EQ(carried({{"grpc-trace-bin", text}, {"traceparent", "nonsense"}}), both);
  const std::string other = "00-11111111111111111111111111111111-2222222222222222-00";
  EXPECT_EQ(carried({{"grpc-trace-bin", text}, {"traceparent", other}}),
            (Pairs{{"traceparent", other}}));
}

TEST(Propagation, ReadsNoMoreThanItsOptionsSay) {
  const Pairs sent = {{"traceparent", std::string(kTraceparent)}, {"baggage", "a=1"}};
  EXPECT_EQ(carried(sent, {.baggage = false}), (Pairs{sent[0]}));
  EXPECT_EQ(carried(sent, {.trace = false}), (Pairs{sent[1]}));
  EXPECT_EQ(carried(sent, {.trace = false, .baggage = false}), Pairs{});
}

TEST(Propagation, WritesNoMoreThanItsOptionsSay) {
  Context context;
  context.trace() = *parse_traceparent(kTraceparent);
  context.set_baggage("a", "1");
  const auto written = [&](const PropagationOptions& options) {
    Metadata metadata;
    inject_context(options, context, metadata);
    return pairs_of(metadata).size();
  };
  EXPECT_EQ(written({}), 2U);
  EXPECT_EQ(written({.trace = false}), 1U);
  EXPECT_EQ(written({.trace = false, .baggage = false}), 0U);
  EXPECT_EQ(written({.grpc_trace_bin = true}), 3U);
}

TEST(Propagation, LeavesTheCallersOwnAlone) {
  Context context;
  context.trace() = *parse_traceparent(kTraceparent);
  context.trace().state = *TraceState::parse("a=1");
  context.trace().binary = true;
  context.set_baggage("a", "1");
  const Pairs own = {{"traceparent", "mine"}, {"baggage", ""}, {"grpc-trace-bin", "mine"}};
  Metadata metadata = metadata_of(own);
  inject_context({}, context, metadata);
  EXPECT_EQ(pairs_of(metadata), own) << "nor does it mix a tracestate with their traceparent";
}

TEST(Propagation, WritesNoTraceWithoutBothIds) {
  Context context;
  context.trace().trace_id[0] = 1;
  Metadata metadata;
  inject_context({}, context, metadata);
  EXPECT_TRUE(metadata.empty());
}

TEST(Propagation, WritesTheTraceFirstWhereThereIsLittleRoom) {
  Context context;
  context.trace() = *parse_traceparent(kTraceparent);
  context.trace().state = *TraceState::parse("a=" + std::string(100, 'v'));
  context.set_baggage("a", "1");
  context.set_baggage("b", std::string(100, 'v'));
  const std::uint64_t before = propagation_drops();
  Metadata metadata;
  inject_context({}, context, metadata, 150);
  EXPECT_LE(metadata.wire_size(), 150U);
  EXPECT_EQ(pairs_of(metadata),
            (Pairs{{"traceparent", std::string(kTraceparent)}, {"baggage", "a=1"}}));
  EXPECT_EQ(propagation_drops(), before + 2);
  Metadata none;
  inject_context({}, context, none, 0);
  EXPECT_TRUE(none.empty());
}

/// A company's own header for the tenant; writes what it is told to.
struct TenantFormat final : Propagator {
  explicit TenantFormat(std::string written) : name(std::move(written)) {}
  void inject(const Context& context, Metadata& metadata) const override {
    if (const std::string* tenant = context.baggage("tenant")) metadata.add(name, *tenant);
  }
  void extract(const Metadata& metadata, Context& context) const override {
    if (const auto tenant = metadata.get("x-tenant")) context.set_baggage("tenant", *tenant);
  }
  std::string name;
};

TEST(Propagation, UsesFormatsOfOnesOwn) {
  const PropagationOptions options{.baggage = false,
                                   .formats = {std::make_shared<TenantFormat>("x-tenant")}};
  const std::unique_ptr<const Context> context =
      extract_context(options, metadata_of({{"x-tenant", "blue"}}));
  ASSERT_NE(context, nullptr);
  Metadata metadata = metadata_of({{"x-own", "1"}});
  inject_context(options, *context, metadata);
  EXPECT_EQ(pairs_of(metadata), (Pairs{{"x-own", "1"}, {"x-tenant", "blue"}}));
}

TEST(Propagation, TakesBackWhatAFormatMayNotWrite) {
  Context context;
  context.set_baggage("tenant", "blue");
  const std::uint64_t before = propagation_drops();
  for (const std::string name : {"grpc-status", "x tenant"}) {
    Metadata metadata = metadata_of({{"x-own", "1"}});
    inject_context({.baggage = false, .formats = {std::make_shared<TenantFormat>(name)}}, context,
                   metadata);
    EXPECT_EQ(pairs_of(metadata), (Pairs{{"x-own", "1"}})) << name;
  }
  Metadata metadata;
  inject_context({.baggage = false, .formats = {std::make_shared<TenantFormat>("x-tenant")}},
                 context, metadata, 20);
  EXPECT_TRUE(metadata.empty());
  EXPECT_EQ(propagation_drops(), before + 3);
}

}  // namespace
}  // namespace weft::rpc
