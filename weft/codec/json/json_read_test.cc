// JSON that is read, well or badly.

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>

#include "weft/codec/json/json.h"
#include "weft/codec/json/wire_json.h"

#include "kinds.pb.h"
#include "kinds2.pb.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using formats::Kinds;
using formats::Legacy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class M = Kinds>
M read(std::string_view json, const JsonReadOptions& options = {}) {
  M message;
  const Status status = from_json(json, message, options);
  EXPECT_TRUE(status.ok()) << json << ": " << status;
  return message;
}

template <class M = Kinds>
std::string error_of(std::string_view json, const JsonReadOptions& options = {}) {
  M message;
  const Status status = from_json(json, message, options);
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << json;
  return std::string(status.message());
}

/// A message is the same after it was written and read.
void round_trip(const pb::Message& message, const JsonWriteOptions& write = {},
                const JsonReadOptions& options = {}) {
  const Result<std::string> json = to_json(message, write);
  ASSERT_TRUE(json.ok()) << json.status();
  const std::unique_ptr<pb::Message> back(message.New());
  const Status status = from_json(*json, *back, options);
  ASSERT_TRUE(status.ok()) << *json << ": " << status;
  EXPECT_EQ(back->SerializePartialAsString(), message.SerializePartialAsString()) << *json;
}

/// What one field of Kinds becomes of its value alone.
Kinds read_field(std::string_view name, std::string_view json, std::string* error = nullptr) {
  const codec::MessageTable& table = codec::Tables::generated().of(*Kinds::descriptor());
  codec::OutputBytes wire;
  codec::JsonFault fault;
  Kinds message;
  if (codec::read_json_field(*table.by_name(name), json, {}, wire, fault)) {
    EXPECT_TRUE(message.ParseFromArray(wire.data(), static_cast<int>(wire.size())));
  } else if (error != nullptr) {
    *error = fault.message();
  } else {
    ADD_FAILURE() << fault.message();
  }
  return message;
}

TEST(FromJson, ReadsNamesInAnyCase) {
  Kinds kinds;
  ASSERT_TRUE(from_json(R"({"INT32VALUE": 7, "Int64_Value": 8})", kinds, {.any_case = true}).ok());
  EXPECT_EQ(kinds.int32_value(), 7);
  EXPECT_EQ(kinds.int64_value(), 8);
  EXPECT_THAT(error_of(R"({"INT32VALUE": 7})"), HasSubstr("no field 'INT32VALUE'"));
  EXPECT_THAT(error_of(R"({"int32value": 7, "Int32Value": 8})", {.any_case = true}),
              HasSubstr("given twice"));
}

TEST(FromJson, ReadsOneFieldByItsValue) {
  EXPECT_EQ(read_field("int32Value", " -7 ").int32_value(), -7);
  EXPECT_THAT(read_field("fixed32s", "[1, 2]").fixed32s(), ElementsAre(1, 2));
  EXPECT_EQ(read_field("int32_value", "null").ByteSizeLong(), 0U);
}

TEST(FromJson, TakesNothingBehindTheValueOfAField) {
  std::string error;
  read_field("int32Value", "1, \"int64Value\": 2", &error);
  EXPECT_THAT(error, HasSubstr("column 2: something follows the value"));
  read_field("int32Value", "", &error);
  EXPECT_THAT(error, HasSubstr("the text ends"));
}

TEST(FromJson, ReadsBothNamesAndNumbersInQuotes) {
  const Kinds kinds = read(R"( { "int32Value" : "-7", "int64_value": 9007199254740993,
      "uint64Value": 18446744073709551615, "other_name": "a", "fixed32s": ["1", 2.0, 3e0, 40E-1] } )");
  EXPECT_EQ(kinds.int32_value(), -7);
  EXPECT_EQ(kinds.int64_value(), 9007199254740993);
  EXPECT_EQ(kinds.uint64_value(), UINT64_MAX);
  EXPECT_EQ(kinds.other_name(), "a");
  EXPECT_THAT(kinds.fixed32s(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(read(R"({"renamed":"b"})").other_name(), "b");
}

TEST(FromJson, ReadsFloatsOfEveryForm) {
  const Kinds kinds = read(
      R"({"doubles":[1, -0.5e-3, "1e3", "NaN", "-Infinity", 1e-400, 4.9e-324],"floats":[3.4028235e38,"Infinity",1e-60]})");
  EXPECT_EQ(kinds.doubles(1), -0.0005);
  EXPECT_EQ(kinds.doubles(2), 1000);
  EXPECT_TRUE(std::isnan(kinds.doubles(3)));
  EXPECT_EQ(kinds.doubles(4), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(kinds.doubles(5), 0);
  EXPECT_EQ(kinds.doubles(6), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(kinds.floats(0), std::numeric_limits<float>::max());
  EXPECT_EQ(kinds.floats(2), 0);
}

TEST(FromJson, ReadsStringsWithEscapes) {
  const Kinds kinds =
      read(R"({"stringValue":"\"\\\/\b\f\n\r\t\u00fc\ud83d\ude00","string\u0073":["a"]})");
  EXPECT_EQ(kinds.string_value(), "\"\\/\b\f\n\r\tü\xF0\x9F\x98\x80");
  EXPECT_EQ(kinds.strings(0), "a");
}

TEST(FromJson, ReadsBothAlphabetsOfBase64) {
  const Kinds kinds = read(R"({"bytess":["+/+/","-_-_","YQ==","YQ","YWI=","YWI",""]})");
  EXPECT_THAT(kinds.bytess(),
              ElementsAre("\xfb\xff\xbf", "\xfb\xff\xbf", "a", "a", "ab", "ab", ""));
}

TEST(FromJson, TakesNullForNothing) {
  const Kinds kinds = read(R"({"int32Value":null,"child":null,"int32s":null,"byString":null,
      "number":null,"text":"t","value":null,"wrappedInt32":null,"time":null,"values":[null],
      "nullValue":null,"valuesByString":{"k":null}})");
  EXPECT_FALSE(kinds.has_child());
  EXPECT_EQ(kinds.text(), "t");
  EXPECT_TRUE(kinds.value().has_null_value());
  EXPECT_FALSE(kinds.has_wrapped_int32());
  EXPECT_FALSE(kinds.has_time());
  EXPECT_TRUE(kinds.values(0).has_null_value());
  EXPECT_TRUE(kinds.values_by_string().at("k").has_null_value());
  EXPECT_EQ(read(R"({"nothing":null})").choice_case(), Kinds::kNothing);
  EXPECT_TRUE(read(R"({"anything":null})").anything().has_null_value());
}

TEST(FromJson, ReadsWellKnownTypes) {
  const Kinds kinds = read(
      R"({"time":"1970-01-01T01:00:00.25+01:00","span":"-1.5s","mask":"fooBar,x.yZ",
      "object":{"a":[1,"b",true,null,{}]},"list":[],"empty":{},"wrappedUint64":"5"})");
  EXPECT_EQ(kinds.time().seconds(), 0);
  EXPECT_EQ(kinds.time().nanos(), 250'000'000);
  EXPECT_EQ(kinds.span().seconds(), -1);
  EXPECT_EQ(kinds.span().nanos(), -500'000'000);
  EXPECT_THAT(kinds.mask().paths(), ElementsAre("foo_bar", "x.y_z"));
  EXPECT_EQ(kinds.object().fields().at("a").list_value().values_size(), 5);
  EXPECT_TRUE(kinds.has_list());
  EXPECT_TRUE(kinds.has_empty());
  EXPECT_EQ(kinds.wrapped_uint64().value(), 5U);
}

TEST(FromJson, ReadsAnyWhereverItsTypeStands) {
  pb::Duration span;
  const Kinds first = read(R"({"any":{"@type":"a.b/google.protobuf.Duration","value":"1s"}})");
  ASSERT_TRUE(first.any().UnpackTo(&span));
  EXPECT_EQ(span.seconds(), 1);
  const Kinds last = read(
      R"({"any":{"any":{"value":"2s","@type":"x/google.protobuf.Duration"},"int32Value":1,"@type":"x/weft.formats.Kinds"}})");
  Kinds held;
  ASSERT_TRUE(last.any().UnpackTo(&held));
  EXPECT_EQ(held.int32_value(), 1);
  ASSERT_TRUE(held.any().UnpackTo(&span));
  EXPECT_EQ(span.seconds(), 2);
  EXPECT_TRUE(read(R"({"any":{}})").has_any());
  const Kinds empty = read(
      R"({"any":{"@type":"x/google.protobuf.Empty"},"anys":[{"@type":"x/google.protobuf.Empty","value":{}}]})");
  EXPECT_EQ(empty.any().value(), "");
  EXPECT_EQ(empty.anys(0).value(), "");
}

TEST(FromJson, ReadsGroupsExtensionsAndMessageSets) {
  const Legacy legacy = read<Legacy>(R"({"place":{"x":3},"stop":[{"minute":1},{}],
      "[weft.formats.extra_number]":5,"[weft.formats.Legacy.nested_extension]":{"size":"SMALL"},
      "[weft.formats.extragroup]":{"depth":2}})");
  EXPECT_EQ(legacy.place().x(), 3);
  EXPECT_EQ(legacy.stop_size(), 2);
  EXPECT_EQ(legacy.GetExtension(formats::extra_number), 5);
  EXPECT_EQ(legacy.GetExtension(Legacy::nested_extension).size(), Legacy::SMALL);
  EXPECT_EQ(legacy.GetExtension(formats::extragroup).depth(), 2);
  const auto set = read<formats::Set>(R"({"[weft.formats.SetItem.item]":{"text":"t"}})");
  EXPECT_EQ(set.GetExtension(formats::SetItem::item).text(), "t");
}

TEST(FromJson, PassesOverAByteOrderMark) {
  EXPECT_EQ(read("\xef\xbb\xbf{\"int32Value\":1}").int32_value(), 1);
}

TEST(FromJson, LeavesRequiredFieldsToTheCaller) {
  EXPECT_FALSE(read<formats::Demanding>("{}").IsInitialized());
}

TEST(FromJson, ReplacesWhatWasThere) {
  Kinds kinds;
  kinds.set_int32_value(5);
  ASSERT_TRUE(from_json("{}", kinds).ok());
  EXPECT_EQ(kinds.int32_value(), 0);
}

TEST(FromJson, PassesOverUnknownFieldsWhereAllowed) {
  const JsonReadOptions ignore{.ignore_unknown = true};
  const Kinds kinds = read(
      R"({"no":{"a":[1,{"b":null}],"c":"\u0041"},"int32Value":1,"colour":"PINK","colours":["GREEN","PINK","RED"],"bySint32":{"1":"PINK","2":"GREEN"},"[no.such]":1})",
      ignore);
  EXPECT_EQ(kinds.int32_value(), 1);
  EXPECT_THAT(kinds.colours(), ElementsAre(formats::GREEN, formats::RED));
  EXPECT_EQ(kinds.by_sint32().size(), 1U);
  EXPECT_THAT(error_of(R"({"no":{"a":[1}})", ignore), HasSubstr("expected , or ]"));
}

TEST(FromJson, BoundsDepthOfAllThatRecurses) {
  const auto nested = [](std::string_view open, std::string_view inner, std::string_view close,
                         int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += open;
    text += inner;
    for (int i = 0; i < levels; ++i) text += close;
    return text;
  };
  EXPECT_THAT(error_of(nested(R"({"child":)", "{}", "}", 100)),
              HasSubstr("deeper than 100 levels"));
  read(nested(R"({"child":)", "{}", "}", 99));
  read(R"({"value":)" + nested("[", "", "]", 99) + "}");
  EXPECT_THAT(error_of(R"({"value":)" + nested("[", "", "]", 100'000) + "}"), HasSubstr("levels"));
  read(R"({"value":)" + nested("{\"a\":", "1", "}", 99) + "}");
  EXPECT_THAT(error_of(R"({"no":)" + nested("[", "", "]", 100'000) + "}", {.ignore_unknown = true}),
              HasSubstr("levels"));
  const std::string any =
      nested(R"({"@type":"x/google.protobuf.Any","value":)", "{}", "}", 100'000);
  EXPECT_THAT(error_of<pb::Any>(any), HasSubstr("levels"));
}

struct Bad {
  std::string_view json;
  std::string_view error;
};

TEST(FromJson, SaysWhatIsWrongAndWhere) {
  const Bad bad[] = {
      {"", "line 1, column 1: expected an object for weft.formats.Kinds, and the text ends"},
      {"[]", "line 1, column 1: expected an object for weft.formats.Kinds instead of ["},
      {"{}x", "line 1, column 3: something follows the message"},
      {"{\"no\":1}", "line 1, column 2: there is no field 'no' in weft.formats.Kinds"},
      {"{\n \"children\": [{}, {\"int32Value\": 2147483648}]}",
       "line 2, column 34: field children[1].int32Value: 2147483648 is beyond int32, whose "
       "greatest value is 2147483647"},
      {R"({"uint32Value":-1})",
       "column 16: field uint32Value: -1 is beyond uint32, whose least value is 0"},
      {R"({"int64Value":9223372036854775808})",
       "field int64Value: 9223372036854775808 is beyond int64, whose greatest value is "
       "9223372036854775807"},
      {R"({"int32Value":1.5})", "field int32Value: 1.5 is not a whole number; its type is int32"},
      {R"({"int32Value":"x"})", "field int32Value: \"x\" is not a number; its type is int32"},
      {R"({"int32Value":" 1"})", "is not a number"},
      {R"({"int32Value":01})", "expected , or } instead of 1"},
      {R"({"int32Value":true})", "expected a number; its type is int32 instead of true"},
      {R"({"doubleValue":1e400})", "1e400 is beyond double, whose greatest value is 1.797"},
      {R"({"floatValue":3.5e38})", "3.5e38 is beyond float, whose greatest value is 3.4028235e+38"},
      {R"({"doubleValue":NaN})", "expected a number; its type is double instead of NaN"},
      {R"({"boolValue":"true"})", "expected true or false instead of \"true\""},
      {R"({"boolValue":tru})", "expected true instead of tru"},
      {R"({"stringValue":5})", "field stringValue: expected a string instead of 5"},
      {R"({"stringValue":"\ud800"})", "\\ud800 is a surrogate without its other half"},
      {R"({"stringValue":"\ud800\u0041"})", "surrogate"},
      {R"({"stringValue":"\udc00"})", "surrogate"},
      {R"({"stringValue":"\x"})", "a backslash is followed by none of"},
      {"{\"stringValue\":\"\x01\"}", "a control character in a string"},
      {"{\"stringValue\":\"\xff\"}", "a string is not UTF-8"},
      {"{\"stringValue\":\"\xed\xa0\x80\"}", "a string is not UTF-8"},
      {R"({"stringValue":"abc)", "the string does not end"},
      {R"({"bytesValue":"a*b="})", "character 2 of 4, '*', does not belong to base64"},
      {R"({"bytesValue":"abcde"})", "base64 of 5 characters is cut off or has wrong padding"},
      {R"({"colour":"PINK"})", "the enum weft.formats.Colour has no value 'PINK'"},
      {R"({"colour":GREEN})", "expected a number"},
      {R"({"int32Value":1,"int32_value":2})",
       "column 17: field int32Value: the field is given twice"},
      {R"({"number":1,"text":"a"})",
       "field text: another field of the oneof 'choice' is given, too"},
      {R"({"int32s":[1,null]})", "field int32s[1]: expected a value; a list has no null"},
      {R"({"int32s":[1,]})", "expected a number"},
      {R"({"int32s":5})", "expected a list for a repeated field instead of 5"},
      {R"({"byInt32":{"x":"a"}})", "the key \"x\" is not a whole number"},
      {R"({"byString":{"k":null}})", "field byString[\"k\"]: expected a value; a map has no null"},
      {R"({"byBool":{"TRUE":"a"}})", "the key is not \"true\" or \"false\""},
      {R"({"time":"2023-02-29T00:00:00Z"})", "\"2023-02-29T00:00:00Z\" is not a time"},
      {R"({"time":"0000-01-01T00:00:00Z"})", "is not a time"},
      {R"({"span":"315576000001s"})", "is not a duration"},
      {R"({"span":"1"})", "is not a duration"},
      {R"({"mask":"foo_bar"})", "has an underscore; paths are in lowerCamelCase"},
      {R"({"any":{"value":1}})", "field any: an Any has no \"@type\""},
      {R"({"any":{"@type":"x/no.Such"}})", "the type no.Such of an Any is unknown"},
      {R"({"any":{"@type":"x/google.protobuf.Duration"}})", "has no field 'value'"},
      {R"({"any":{"@type":"a/google.protobuf.Duration","other":1}})",
       "there is no field 'other' in an Any"},
      {R"({"a":1,})", "there is no field 'a'"},
      {R"({"int32Value":1,})", "expected the name of a field instead of }"},
      {R"({"int32Value" 1})", "expected : instead of 1"},
      {R"({"span":{"@fields":{"nanos":1}}})", "expected a duration"},
      {R"({"stringValue":{"@bytes":"YQ=="}})", "expected a string instead of {"},
  };
  for (const Bad& one : bad) EXPECT_THAT(error_of(one.json), HasSubstr(one.error)) << one.json;
}

TEST(FromJson, RefusesAnExtensionThatComesTwice) {
  Legacy legacy;
  const Status status = from_json(
      R"({"[weft.formats.extra_number]":1,"[weft.formats.extra_names]":[],"[weft.formats.extra_number]":2})",
      legacy);
  EXPECT_EQ(std::string(status.message()),
            "line 1, column 66: field [weft.formats.extra_number]: the field is given twice");
}

TEST(FromJson, FailsAtEveryCut) {
  const std::string whole =
      R"({"int32s":[1,-2e0],"byString":{"a\u0041":1},"object":{"x":[null,true,"s"]},"any":{"@type":"a/google.protobuf.Duration","value":"1.5s"},"time":"2001-01-01T00:00:00Z","bytesValue":"YQ=="})";
  read(whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Kinds kinds;
    // A copy of just that size, so that reading beyond it is seen by AddressSanitizer.
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(from_json({cut.data(), cut.size()}, kinds).ok()) << size;
  }
}

TEST(RoundTrip, KeepsEveryKindOfField) {
  Kinds kinds = read(
      R"({"doubleValue":1.25,"floatValue":0.3,"int32Value":-1,"int64Value":"-1","uint32Value":1,
      "uint64Value":"1","sint32Value":-5,"sint64Value":"-6","fixed32Value":1,"fixed64Value":"2",
      "sfixed32Value":-1,"sfixed64Value":"-2","boolValue":true,"stringValue":"s","bytesValue":"YQ==",
      "colour":"GREEN","child":{"child":{}},"renamed":"r","doubles":[1,2.5],"floats":[0.1],
      "int32s":[1,-2],"int64s":["3"],"uint32s":[4],"uint64s":["5"],"sint32s":[-6],"sint64s":["-7"],
      "fixed32s":[8],"fixed64s":["9"],"sfixed32s":[-10],"sfixed64s":["-11"],"bools":[true,false],
      "strings":["a",""],"bytess":["YQ==",""],"colours":["BLUE",5],"children":[{},{"int32Value":1}],
      "unpacked":[1,2],"byString":{"a":1},"byInt32":{"-1":"b"},"byInt64":{"-2":"c"},
      "byUint32":{"3":1.5},"byUint64":{"4":"YQ=="},"bySint32":{"-5":"BLUE"},"bySint64":{"-6":{}},
      "byFixed32":{"7":"d"},"byFixed64":{"8":"e"},"bySfixed32":{"-9":"f"},"bySfixed64":{"-10":"g"},
      "byBool":{"true":"h"},"valuesByString":{"v":[1]},"message":{},"optionalNumber":0,
      "optionalText":"","optionalColour":"RED","time":"2020-01-02T03:04:05.006Z","span":"3.5s",
      "mask":"aB,c","object":{"a":null},"value":"x","list":[1],
      "any":{"@type":"type.googleapis.com/weft.formats.Legacy","place":{"x":1}},"empty":{},
      "wrappedDouble":0,"wrappedFloat":1,"wrappedInt64":"0","wrappedUint64":"1","wrappedInt32":0,
      "wrappedUint32":1,"wrappedBool":false,"wrappedString":"","wrappedBytes":"",
      "values":[1,null,{}],"spans":["1s"],"anys":[{}]})");
  round_trip(kinds);
  round_trip(kinds, {.declared_names = true, .enum_numbers = true, .indent = 3});
  round_trip(kinds, {.defaults = true});
  Legacy legacy = read<Legacy>(
      R"({"number":0,"limit":"Infinity","name":"","size":"SMALL","place":{"x":1,"tags":["t"]},
      "stop":[{},{"minute":2}],"numbers":[1,2],"packedNumbers":[3],"sizes":["LARGE"],"child":{},
      "data":"AA==","[weft.formats.extra_number]":1,"[weft.formats.extra_names]":["a","b"],
      "[weft.formats.extra_child]":{"[weft.formats.extra_size]":"LARGE"},
      "[weft.formats.extragroup]":{}})");
  round_trip(legacy);
}

TEST(RoundTrip, KeepsWhatIsMarked) {
  Kinds kinds;
  kinds.mutable_time()->set_nanos(-1);
  kinds.mutable_span()->set_seconds(INT64_MAX);
  kinds.mutable_mask()->add_paths("aB");
  kinds.add_anys()->set_type_url("x/no.Such");
  kinds.add_anys()->set_value("only bytes");
  kinds.mutable_any()->set_type_url("x/weft.formats.Kinds");
  kinds.mutable_any()->set_value("\x0a");
  kinds.GetReflection()->MutableUnknownFields(&kinds)->AddVarint(999, 5);
  Legacy held;
  held.set_name("\xff");
  held.GetReflection()->MutableUnknownFields(&held)->AddGroup(999)->AddFixed32(1, 2);
  kinds.add_anys()->PackFrom(held);
  round_trip(kinds, {.marks = true}, {.marks = true});
}

TEST(ReadJson, TellsWhatItDidNotFind) {
  codec::OutputBytes out;
  codec::JsonFault fault;
  EXPECT_FALSE(codec::read_json(codec::Tables::generated().of(*Kinds::descriptor()),
                                "{\"child\":{\n\"intValue\":1}}", {}, out, fault));
  EXPECT_EQ(fault.type, Kinds::descriptor());
  EXPECT_EQ(fault.unknown_name, "intValue");
  EXPECT_EQ(fault.path, "child");
  EXPECT_EQ(fault.line, 2U);
  EXPECT_EQ(fault.column, 1U);
}

TEST(FromJson, ReadsAMarkedListValue) {
  // The list's bytes are cut off.
  const std::string_view bytes("\xe2\x04\x05\x18\x04\x09\x35\x07", 8);
  const codec::MessageTable& table = codec::Tables::generated().of(*Kinds::descriptor());
  codec::OutputBytes text;
  ASSERT_TRUE(codec::print_json(table, bytes, {.marks = true}, codec::WireOrigin::Peer, text).ok());
  EXPECT_EQ(text.view(), R"({"list":{"@value":"GAQJNQc="}})");
  codec::OutputBytes back;
  codec::JsonFault fault;
  EXPECT_TRUE(codec::read_json(table, text.view(), {.marks = true}, back, fault))
      << fault.message();
  EXPECT_EQ(back.view(), bytes);
}

}  // namespace
}  // namespace weft
