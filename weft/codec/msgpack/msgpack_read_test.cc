// MessagePack that is read, well or badly, and what comes back of what was written.

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/message_differencer.h>

#include "weft/codec/msgpack/msgpack.h"

#include "kinds.pb.h"
#include "kinds2.pb.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using formats::Kinds;
using formats::Legacy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// ---- a writer for tests, which also writes what nobody should

std::string head(unsigned code) { return std::string(1, static_cast<char>(code)); }
std::string map(unsigned count) { return head(0x80 | count); }
std::string list(unsigned count) { return head(0x90 | count); }
std::string str(std::string_view text) {
  return head(0xa0 | static_cast<unsigned>(text.size())) + std::string(text);
}
std::string big(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string u64(std::uint64_t value) { return head(0xcf) + big(value, 8); }
std::string i64(std::int64_t value) {
  return head(0xd3) + big(static_cast<std::uint64_t>(value), 8);
}

template <class M = Kinds>
M read(const std::string& bytes, const MsgpackReadOptions& options = {}) {
  M message;
  const Status status = from_msgpack(bytes, message, options);
  EXPECT_TRUE(status.ok()) << status;
  return message;
}

template <class M = Kinds>
std::string error_of(const std::string& bytes, const MsgpackReadOptions& options = {}) {
  M message;
  const Status status = from_msgpack(bytes, message, options);
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  return std::string(status.message());
}

/// What a message with only this field of these bytes is refused for.
std::string error_of_field(std::string_view name, const std::string& value) {
  return error_of(map(1) + str(name) + value);
}

void round_trip(const pb::Message& message, const MsgpackWriteOptions& write = {}) {
  const Result<std::string> bytes = to_msgpack(message, write);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const std::unique_ptr<pb::Message> back(message.New());
  const Status status = from_msgpack(*bytes, *back);
  ASSERT_TRUE(status.ok()) << status;
  pb::util::MessageDifferencer differencer;
  differencer.set_message_field_comparison(pb::util::MessageDifferencer::EQUAL);
  std::string difference;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(message, *back)) << difference;
}

void round_trips(const pb::Message& message) {
  round_trip(message);
  round_trip(message, {.declared_names = true, .enum_names = true});
  round_trip(message, {.field_numbers = true});
}

// ---- round trips

/// Each field at a limit of its kind.
Kinds scalars(bool least) {
  Kinds kinds;
  const auto pick = [least]<class T>(T) {
    return least ? std::numeric_limits<T>::lowest() : std::numeric_limits<T>::max();
  };
  kinds.set_double_value(pick(double{}));
  kinds.set_float_value(pick(float{}));
  kinds.set_int32_value(pick(std::int32_t{}));
  kinds.set_int64_value(pick(std::int64_t{}));
  kinds.set_uint32_value(pick(std::uint32_t{}));
  kinds.set_uint64_value(pick(std::uint64_t{}));
  kinds.set_sint32_value(pick(std::int32_t{}));
  kinds.set_sint64_value(pick(std::int64_t{}));
  kinds.set_fixed32_value(pick(std::uint32_t{}));
  kinds.set_fixed64_value(pick(std::uint64_t{}));
  kinds.set_sfixed32_value(pick(std::int32_t{}));
  kinds.set_sfixed64_value(pick(std::int64_t{}));
  kinds.set_bool_value(true);
  kinds.set_string_value("h\xc3\xa4 \xf0\x9f\x90\x8d");
  kinds.set_bytes_value(std::string("\0\xff", 2));
  kinds.set_colour(formats::BLUE);
  kinds.set_other_name(std::string(300, 'n'));
  kinds.set_optional_number(0);
  kinds.set_optional_text("");
  kinds.set_optional_colour(formats::RED);
  return kinds;
}

Kinds lists() {
  Kinds kinds;
  for (int i = -40; i < 40; ++i) {
    const std::int64_t value = std::int64_t{i} * i * i * i * i * i * i;
    const auto bits = static_cast<std::uint64_t>(value);
    kinds.add_doubles(static_cast<double>(i) / 3);
    kinds.add_floats(static_cast<float>(i) / 3);
    kinds.add_int32s(static_cast<std::int32_t>(value));
    kinds.add_int64s(value);
    kinds.add_uint32s(static_cast<std::uint32_t>(bits));
    kinds.add_uint64s(bits);
    kinds.add_sint32s(static_cast<std::int32_t>(value));
    kinds.add_sint64s(value);
    kinds.add_fixed32s(static_cast<std::uint32_t>(bits));
    kinds.add_fixed64s(bits);
    kinds.add_sfixed32s(static_cast<std::int32_t>(value));
    kinds.add_sfixed64s(value);
    kinds.add_bools(i % 3 == 0);
    kinds.add_strings(std::to_string(i));
    kinds.add_bytess(std::string(static_cast<std::size_t>(i + 40), '\xfe'));
    kinds.add_colours(static_cast<formats::Colour>(i));
    kinds.add_children()->set_int32_value(i);
    kinds.add_unpacked(i);
  }
  return kinds;
}

Kinds maps() {
  Kinds kinds;
  for (int i = -10; i < 10; ++i) {
    const std::string text = "value " + std::to_string(i);
    const auto bits = static_cast<std::uint32_t>(i);
    (*kinds.mutable_by_string())[text] = i;
    (*kinds.mutable_by_int32())[i] = text;
    (*kinds.mutable_by_int64())[std::int64_t{i} << 40] = text;
    (*kinds.mutable_by_uint32())[bits] = i;
    (*kinds.mutable_by_uint64())[std::uint64_t{bits} << 30] = text;
    (*kinds.mutable_by_sint32())[i] = formats::GREEN;
    (*kinds.mutable_by_sint64())[i].set_int32_value(i);
    (*kinds.mutable_by_fixed32())[bits] = text;
    (*kinds.mutable_by_fixed64())[bits] = text;
    (*kinds.mutable_by_sfixed32())[i] = text;
    (*kinds.mutable_by_sfixed64())[i] = text;
    (*kinds.mutable_by_bool())[i % 2 == 0] = text;
  }
  (*kinds.mutable_values_by_string())["null"].set_null_value(pb::NULL_VALUE);
  return kinds;
}

Kinds well_known() {
  Kinds kinds;
  kinds.mutable_time()->set_seconds(-62'135'596'800);
  kinds.mutable_span()->set_seconds(-1);
  kinds.mutable_span()->set_nanos(-500);
  kinds.mutable_mask()->add_paths("a.b_c");
  auto& fields = *kinds.mutable_object()->mutable_fields();
  fields["number"].set_number_value(-1.5);
  fields["list"].mutable_list_value()->add_values()->set_bool_value(false);
  fields["object"].mutable_struct_value();
  kinds.mutable_value()->set_string_value("text");
  kinds.mutable_list()->add_values()->set_null_value(pb::NULL_VALUE);
  kinds.mutable_any()->PackFrom(scalars(true));
  kinds.mutable_empty();
  kinds.mutable_wrapped_double()->set_value(0.5);
  kinds.mutable_wrapped_float();
  kinds.mutable_wrapped_int64()->set_value(INT64_MIN);
  kinds.mutable_wrapped_uint64()->set_value(UINT64_MAX);
  kinds.mutable_wrapped_int32();
  kinds.mutable_wrapped_uint32()->set_value(7);
  kinds.mutable_wrapped_bool()->set_value(true);
  kinds.mutable_wrapped_string()->set_value("wrapped");
  kinds.mutable_wrapped_bytes()->set_value("\xff");
  kinds.add_values()->set_number_value(1e300);
  kinds.add_spans()->set_seconds(5);
  pb::Timestamp time;
  time.set_seconds(1'700'000'000);
  time.set_nanos(5);
  kinds.add_anys()->PackFrom(time);
  kinds.add_anys()->PackFrom(kinds.anys(0));
  kinds.add_anys()->PackFrom(kinds.mask());
  kinds.add_anys();
  return kinds;
}

TEST(RoundTrip, KeepsScalarsOfEveryKindAtTheirLimits) {
  round_trips(scalars(true));
  round_trips(scalars(false));
}
TEST(RoundTrip, KeepsListsOfEveryKind) { round_trips(lists()); }
TEST(RoundTrip, KeepsMapsOfEveryKey) { round_trips(maps()); }
TEST(RoundTrip, KeepsWellKnownTypes) { round_trips(well_known()); }

TEST(RoundTrip, KeepsEveryMemberOfAOneof) {
  Kinds kinds;
  kinds.set_number(0);
  round_trips(kinds);
  kinds.set_text("");
  round_trips(kinds);
  kinds.mutable_message();
  round_trips(kinds);
  kinds.set_nothing(pb::NULL_VALUE);
  round_trips(kinds);
  kinds.mutable_anything()->set_null_value(pb::NULL_VALUE);
  round_trips(kinds);
}

TEST(RoundTrip, KeepsWhatOnlyProto2Has) {
  Legacy legacy;
  legacy.set_number(0);
  legacy.set_limit(-std::numeric_limits<double>::infinity());
  legacy.set_size(Legacy::SMALL);
  legacy.mutable_place()->set_x(-1);
  legacy.mutable_place()->add_tags("t");
  legacy.add_stop()->set_minute(5);
  legacy.add_stop();
  legacy.add_numbers(1);
  legacy.add_packed_numbers(-1);
  legacy.add_sizes(Legacy::LARGE);
  legacy.mutable_child()->set_name("");
  legacy.set_data("\xff");
  legacy.SetExtension(formats::extra_number, 5);
  legacy.AddExtension(formats::extra_names, "n");
  legacy.MutableExtension(formats::extra_child)->set_number(7);
  legacy.SetExtension(formats::extra_size, Legacy::LARGE);
  legacy.MutableExtension(formats::extragroup)->set_depth(3);
  legacy.MutableExtension(Legacy::nested_extension);
  round_trips(legacy);
  formats::Set set;
  set.MutableExtension(formats::SetItem::item)->set_text("in a set");
  round_trips(set);
}

TEST(RoundTrip, KeepsFieldsInAnyOrderOfTheirNumbers) {
  formats::Shuffled message;
  message.set_last(1);
  message.add_middle(2);
  message.set_first("3");
  round_trips(message);
}

// ---- what is read besides what we write

TEST(FromMsgpack, ReadsNamesOfBothFormsAndNumbers) {
  const Kinds kinds = read(map(4) + str("int32Value") + "\x01" + str("int64_value") + "\x02" +
                           "\x05\x03" + str("renamed") + str("a"));
  EXPECT_EQ(kinds.int32_value(), 1);
  EXPECT_EQ(kinds.int64_value(), 2);
  EXPECT_EQ(kinds.uint32_value(), 3U);
  EXPECT_EQ(kinds.other_name(), "a");
}

TEST(FromMsgpack, ReadsIntegersOfEveryWidth) {
  const std::string ints = head(0xd0) + big(0x80, 1) + head(0xd1) + big(0xff00, 2) + head(0xd2) +
                           big(0xffff0000, 4) + i64(-5) + head(0xcc) + big(200, 1) + head(0xcd) +
                           big(60'000, 2) + head(0xce) + big(70'000, 4) + u64(7);
  EXPECT_THAT(read(map(1) + str("int32s") + list(8) + ints).int32s(),
              ElementsAre(-128, -256, -65'536, -5, 200, 60'000, 70'000, 7));
}

TEST(FromMsgpack, ReadsIntegersAsFloats) {
  const Kinds kinds = read(map(2) + str("doubleValue") + "\x03" + str("floats") + list(2) +
                           head(0xcb) + big(0x3ff8000000000000, 8) + i64(-1));
  EXPECT_EQ(kinds.double_value(), 3);
  EXPECT_THAT(kinds.floats(), ElementsAre(1.5F, -1));
}

TEST(FromMsgpack, ReadsEnumsByNumberAndName) {
  EXPECT_THAT(read(map(1) + str("colours") + list(3) + "\x01" + str("BLUE") + "\x4d").colours(),
              ElementsAre(1, -2, 77));
}

TEST(FromMsgpack, TakesNilForAFieldThatIsNotSet) {
  const Kinds kinds = read(map(4) + str("int32Value") + "\xc0" + str("int32s") + "\xc0" +
                           str("child") + "\xc0" + str("value") + "\xc0");
  EXPECT_FALSE(kinds.has_child());
  EXPECT_EQ(kinds.value().kind_case(), pb::Value::kNullValue);
}

TEST(FromMsgpack, FindsTheTypeOfAnAnyAnywhere) {
  const std::string type = str("@type") + str("x/weft.formats.Item");
  const auto any = read<pb::Any>(map(3) + str("id") + "\x05" + type + str("name") + str("n"));
  formats::Item item;
  ASSERT_TRUE(any.UnpackTo(&item));
  EXPECT_EQ(item.id(), 5);
  EXPECT_EQ(item.name(), "n");
  EXPECT_EQ(
      read<pb::Any>(map(2) + str("@value") + "\xc4\x01z" + str("@type") + str("x/a.B")).value(),
      "z");
  const std::string nothing = str("@type") + str("x/a.B/");  // behind the last slash
  EXPECT_EQ(read<pb::Any>(map(2) + nothing + str("@value") + "\xc4\x01z").type_url(), "x/a.B/");
}

TEST(FromMsgpack, PassesOverWhatIsUnknownWhereAsked) {
  const std::string unknown =
      str("more") + list(3) + map(1) + "\x01" + "\xc0" + "\xc7\x01\x05x" + "\xc4\x01z";
  const std::string enums = str("colours") + list(2) + str("NONE") + "\x01" + str("colour") +
                            str("NONE") + str("bySint32") + map(1) + "\x01" + str("NONE");
  const Kinds kinds =
      read(map(6) + unknown + "\xcd\x03\xe7" + "\xc0" + enums + str("int32Value") + "\x07",
           {.ignore_unknown = true});
  EXPECT_EQ(kinds.int32_value(), 7);
  EXPECT_THAT(kinds.colours(), ElementsAre(1));
  EXPECT_TRUE(kinds.by_sint32().empty());
}

// ---- what is refused

TEST(FromMsgpackRefuses, WhatIsUnknown) {
  EXPECT_EQ(error_of(map(1) + str("mor\n") + "\x01"),
            "byte 1: there is no field 'mor\\n' in weft.formats.Kinds");
  EXPECT_EQ(error_of(map(1) + "\xcd\x03\xe7" + "\x01"),
            "byte 1: there is no field of number 999 in weft.formats.Kinds");
  EXPECT_EQ(error_of(map(1) + "\xff" + "\x01"),
            "byte 1: there is no field of number -1 in weft.formats.Kinds");
  EXPECT_EQ(error_of_field("colour", str("NONE")),
            "byte 8: field colour: the enum weft.formats.Colour has no value 'NONE'");
}

TEST(FromMsgpackRefuses, OtherTypesThanTheField) {
  EXPECT_EQ(error_of_field("int32Value", str("7")),
            "byte 12: field int32Value: expected an integer instead of a string");
  EXPECT_THAT(error_of_field("int32Value", head(0xca) + big(0, 4)),
              HasSubstr("instead of a float"));
  EXPECT_THAT(error_of_field("boolValue", "\x01"), HasSubstr("expected a boolean"));
  EXPECT_THAT(error_of_field("stringValue", "\xc4\x01z"), HasSubstr("a string instead of bytes"));
  EXPECT_THAT(error_of_field("bytesValue", str("z")), HasSubstr("bytes instead of a string"));
  EXPECT_THAT(error_of_field("int32s", "\x01"), HasSubstr("a list for a repeated field"));
  EXPECT_THAT(error_of_field("byInt32", map(1) + str("1") + str("a")), HasSubstr("an integer"));
  EXPECT_THAT(error_of_field("child", list(0)), HasSubstr("a map for weft.formats.Kinds"));
  EXPECT_THAT(error_of_field("int32s", list(1) + "\xc0"), HasSubstr("a list has no nil"));
  EXPECT_THAT(error_of_field("byString", map(1) + str("k") + "\xc0"),
              HasSubstr("a map has no nil"));
  EXPECT_THAT(error_of_field("value", "\xc4\x01z"), HasSubstr("for a Value instead of bytes"));
  EXPECT_THAT(error_of_field("int32Value", "\xc1"), HasSubstr("0xc1, which MessagePack does not"));
  EXPECT_THAT(error_of_field("time", str("2026-01-01T00:00:00Z")), HasSubstr("of type -1"));
  EXPECT_THAT(error_of_field("time", "\xd4\x05z"), HasSubstr("instead of an extension of type 5"));
}

TEST(FromMsgpackRefuses, NumbersBeyondTheirType) {
  EXPECT_EQ(error_of_field("int32s", list(1) + u64(2147483648)),
            "byte 9: field int32s[0]: 2147483648 is beyond int32, whose greatest value is "
            "2147483647");
  EXPECT_THAT(error_of_field("uint32Value", "\xff"), HasSubstr("-1 is beyond uint32, whose least"));
  EXPECT_THAT(error_of_field("int64Value", u64(UINT64_MAX)), HasSubstr("beyond int64"));
  EXPECT_THAT(error_of_field("floatValue", head(0xcb) + big(0x7fe0000000000000, 8)),
              HasSubstr("is beyond float"));
  EXPECT_THAT(error_of_field("colour", u64(1ULL << 40)), HasSubstr("beyond an enum"));
}

TEST(FromMsgpackRefuses, FieldsThatComeTwice) {
  const std::string once = str("int32Value") + "\x01";
  EXPECT_EQ(error_of(map(2) + once + once), "byte 13: field int32Value: the field is given twice");
  EXPECT_THAT(error_of(map(2) + once + "\x03\x01"), HasSubstr("the field is given twice"));
  EXPECT_EQ(error_of(map(2) + str("number") + "\x01" + str("text") + str("a")),
            "byte 9: field text: another field of the oneof 'choice' is given, too");
  Legacy legacy;
  const std::string extension = str("[weft.formats.extra_number]") + "\x01";
  const Status status = from_msgpack(map(2) + extension + "\x64\x02", legacy);
  EXPECT_EQ(std::string(status.message()),
            "byte 30: field [weft.formats.extra_number]: the field is given twice");
}

TEST(FromMsgpackRefuses, LengthsThatTheBytesDoNotHave) {
  constexpr std::uint32_t kGigabyte = 1U << 30;
  EXPECT_EQ(error_of_field("bytesValue", head(0xc6) + big(kGigabyte, 4)),
            "byte 17: field bytesValue: 1073741824 bytes are announced and 0 follow");
  EXPECT_THAT(error_of_field("stringValue", head(0xdb) + big(kGigabyte, 4) + "x"),
              HasSubstr("1073741824 bytes are announced and 1 follow"));
  EXPECT_THAT(error_of_field("int32s", head(0xdd) + big(kGigabyte, 4)),
              HasSubstr("1073741824 elements are announced and 0 bytes follow"));
  EXPECT_THAT(error_of(head(0xdf) + big(kGigabyte, 4)), HasSubstr("1073741824 elements"));
  EXPECT_THAT(error_of_field("time", head(0xc9) + big(kGigabyte, 4) + "\xff"),
              HasSubstr("1073741825 bytes are announced"));
}

TEST(FromMsgpackRefuses, EveryCutOffPart) {
  const std::string bytes = *to_msgpack(well_known());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Kinds kinds;
    EXPECT_FALSE(from_msgpack(std::string_view(bytes).substr(0, size), kinds).ok()) << size;
  }
}

TEST(FromMsgpackRefuses, BytesBehindTheMessage) {
  EXPECT_EQ(error_of(map(0) + "zz"), "byte 1: 2 bytes follow the message");
}

TEST(FromMsgpackRefuses, StringsThatAreNotUtf8) {
  EXPECT_EQ(error_of_field("stringValue", str("a\xff")),
            "byte 13: field stringValue: the string is not UTF-8: 'a\\xff'");
  EXPECT_THAT(error_of_field("byString", map(1) + str("\xed\xa0\x80") + "\x01"),
              HasSubstr("not UTF-8"));
}

TEST(FromMsgpackRefuses, TimesOutOfRange) {
  EXPECT_THAT(error_of_field("time", head(0xd7) + "\xff" + std::string(8, '\xff')),
              HasSubstr("are no Timestamp"));
  EXPECT_THAT(error_of_field("time",
                             "\xd5\xff"
                             "ab"),
              HasSubstr("4, 8 or 12 bytes instead of 2"));
}

TEST(FromMsgpackRefuses, AnyWithoutOrOfUnknownType) {
  EXPECT_THAT(error_of<pb::Any>(map(1) + str("id") + "\x01"), HasSubstr("an Any has no \"@type\""));
  EXPECT_THAT(error_of<pb::Any>(map(1) + str("@type") + str("x/")), HasSubstr("names no type"));
  EXPECT_THAT(error_of<pb::Any>(map(1) + str("@type") + str("x/a.B")),
              HasSubstr("the type a.B of an Any is unknown"));
}

TEST(FromMsgpackRefuses, DepthBeyondTheLimit) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += map(1) + str("parent");
  bytes += map(0);
  EXPECT_THAT(error_of<formats::Item>(bytes), HasSubstr("deeper in each other than 100 levels"));
  std::string lists = map(1) + str("value");
  lists.append(100'000, static_cast<char>(0x91));
  EXPECT_THAT(error_of(lists + "\xc0"), HasSubstr("deeper in each other than 100 levels"));
  // What is passed over does not recurse.
  lists = map(1) + str("more") + std::string(100'000, static_cast<char>(0x91)) + "\xc0";
  read(lists, {.ignore_unknown = true});
}

}  // namespace
}  // namespace weft
