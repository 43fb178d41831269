// What messages look like as JSON.

#include <limits>

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>

#include "weft/codec/json/json.h"
#include "weft/codec/json/wire_json.h"

#include "kinds.pb.h"
#include "kinds2.pb.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using formats::Kinds;
using formats::Legacy;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string json_of(const pb::Message& message, const JsonWriteOptions& options = {}) {
  const Result<std::string> json = to_json(message, options);
  EXPECT_TRUE(json.ok()) << json.status();
  return json.ok() ? *json : "";
}

std::string error_of(const pb::Message& message, const JsonWriteOptions& options = {}) {
  const Result<std::string> json = to_json(message, options);
  EXPECT_FALSE(json.ok());
  return std::string(json.status().message());
}

/// Of bytes that a peer sent, for people.
std::string shown(const pb::Descriptor* type, std::string_view bytes,
                  JsonWriteOptions options = {}) {
  options.marks = true;
  codec::OutputBytes out;
  const Status status = codec::print_json(codec::Tables::generated().of(*type), bytes, options,
                                          codec::WireOrigin::Peer, out);
  EXPECT_TRUE(status.ok()) << status;
  return std::string(out.view());
}

/// The value of one field.
std::string field_of(const Kinds& message, std::string_view name) {
  const codec::MessageTable& table = codec::Tables::generated().of(*Kinds::descriptor());
  codec::OutputBytes out;
  const Status status = codec::print_json_field(*table.by_name(name), message.SerializeAsString(),
                                                {}, codec::WireOrigin::Own, out);
  EXPECT_TRUE(status.ok()) << status;
  return std::string(out.view());
}

TEST(ToJson, WritesTheValueOfOneField) {
  Kinds kinds;
  kinds.set_int32_value(7);
  kinds.set_int64_value(8);
  kinds.add_fixed32s(1);
  kinds.add_fixed32s(2);
  EXPECT_EQ(field_of(kinds, "int32Value"), "7");
  EXPECT_EQ(field_of(kinds, "int64_value"), "\"8\"");
  EXPECT_EQ(field_of(kinds, "fixed32s"), "[1,2]");
}

TEST(ToJson, WritesLongNumbersWithoutQuotes) {
  Kinds kinds;
  kinds.set_int64_value(-8);
  kinds.set_fixed64_value(UINT64_MAX);
  kinds.add_int64s(1);
  kinds.add_int64s(INT64_MIN);
  EXPECT_EQ(json_of(kinds, {.long_numbers = true}),
            R"({"int64Value":-8,"fixed64Value":18446744073709551615,)"
            R"("int64s":[1,-9223372036854775808]})");
}

TEST(ToJson, WritesTheDefaultOfAFieldThatIsNotSet) {
  EXPECT_EQ(field_of({}, "int32Value"), "0");
  EXPECT_EQ(field_of({}, "int64_value"), "\"0\"");
  EXPECT_EQ(field_of({}, "fixed32s"), "[]");
}

TEST(ToJson, WritesEveryScalar) {
  Kinds kinds;
  kinds.set_double_value(1.5);
  kinds.set_float_value(0.1F);
  kinds.set_int32_value(INT32_MIN);
  kinds.set_int64_value(INT64_MIN);
  kinds.set_uint32_value(UINT32_MAX);
  kinds.set_uint64_value(UINT64_MAX);
  kinds.set_sint32_value(-1);
  kinds.set_sint64_value(-1);
  kinds.set_fixed32_value(7);
  kinds.set_fixed64_value(8);
  kinds.set_sfixed32_value(-7);
  kinds.set_sfixed64_value(-8);
  kinds.set_bool_value(true);
  kinds.set_string_value("a\"\\\n\x01/ü\xF0\x9F\x98\x80");
  kinds.set_bytes_value("\xff\xfe");
  kinds.set_colour(formats::BLUE);
  kinds.set_other_name("x");
  EXPECT_EQ(json_of(kinds),
            R"({"doubleValue":1.5,"floatValue":0.1,"int32Value":-2147483648,)"
            R"("int64Value":"-9223372036854775808","uint32Value":4294967295,)"
            R"("uint64Value":"18446744073709551615","sint32Value":-1,"sint64Value":"-1",)"
            R"("fixed32Value":7,"fixed64Value":"8","sfixed32Value":-7,"sfixed64Value":"-8",)"
            R"("boolValue":true,"stringValue":"a\"\\\n\u0001/ü)"
            "\xF0\x9F\x98\x80"
            R"(","bytesValue":"//4=","colour":"BLUE","renamed":"x"})");
}

TEST(ToJson, EscapesAtEveryPlaceOfAString) {
  for (const std::string escaped : {"\\n", "\\\"", "\\\\", "\\u0001", "\u00e9"}) {
    const std::string meant = escaped == "\\n"       ? "\n"
                              : escaped == "\\u0001" ? "\1"
                              : escaped == "\u00e9"  ? escaped
                                                     : escaped.substr(1);
    for (std::size_t size = 0; size < 40; ++size) {
      for (std::size_t at = 0; at <= size; ++at) {
        Kinds kinds;
        kinds.set_string_value(std::string(at, 'x') + meant + std::string(size - at, '~'));
        EXPECT_EQ(json_of(kinds), "{\"stringValue\":\"" + std::string(at, 'x') + escaped +
                                      std::string(size - at, '~') + "\"}");
      }
    }
  }
}

TEST(ToJson, WritesNumbersThatAreNotFinite) {
  Kinds kinds;
  kinds.add_doubles(std::numeric_limits<double>::quiet_NaN());
  kinds.add_doubles(-std::numeric_limits<double>::infinity());
  kinds.add_doubles(-0.0);
  kinds.add_doubles(1e300);
  kinds.add_doubles(123456789);
  kinds.add_floats(std::numeric_limits<float>::infinity());
  kinds.add_floats(16777216);
  EXPECT_EQ(
      json_of(kinds),
      R"({"doubles":["NaN","-Infinity",-0,1e+300,123456789],"floats":["Infinity",16777216]})");
}

TEST(ToJson, WritesMapsOfEveryKey) {
  Kinds kinds;
  (*kinds.mutable_by_string())["a\"b"] = 1;
  (*kinds.mutable_by_int32())[-1] = "x";
  (*kinds.mutable_by_int64())[-2] = "x";
  (*kinds.mutable_by_uint64())[3] = "";
  (*kinds.mutable_by_sint32())[0] = formats::GREEN;
  (*kinds.mutable_by_sint64())[4].set_int32_value(1);
  (*kinds.mutable_by_fixed64())[5] = "";
  (*kinds.mutable_by_bool())[false] = "no";
  EXPECT_EQ(
      json_of(kinds),
      R"({"byString":{"a\"b":1},"byInt32":{"-1":"x"},"byInt64":{"-2":"x"},"byUint64":{"3":""},)"
      R"("bySint32":{"0":"GREEN"},"bySint64":{"4":{"int32Value":1}},"byFixed64":{"5":""},)"
      R"("byBool":{"false":"no"}})");
}

TEST(ToJson, WritesWellKnownTypes) {
  Kinds kinds;
  kinds.mutable_time()->set_seconds(-1);
  kinds.mutable_time()->set_nanos(500'000'000);
  kinds.mutable_span()->set_nanos(-1);
  kinds.mutable_mask()->add_paths("foo_bar.baz");
  kinds.mutable_mask()->add_paths("x");
  auto& fields = *kinds.mutable_object()->mutable_fields();
  fields["l"].mutable_list_value()->add_values()->set_number_value(1);
  kinds.mutable_value()->set_null_value(pb::NULL_VALUE);
  kinds.mutable_list();
  kinds.mutable_empty();
  kinds.mutable_wrapped_int64()->set_value(5);
  kinds.mutable_wrapped_bool();
  kinds.mutable_wrapped_bytes()->set_value("ab");
  EXPECT_EQ(json_of(kinds),
            R"({"time":"1969-12-31T23:59:59.500Z","span":"-0.000000001s","mask":"fooBar.baz,x",)"
            R"("object":{"l":[1]},"value":null,"list":[],"empty":{},"wrappedInt64":"5",)"
            R"("wrappedBool":false,"wrappedBytes":"YWI="})");
}

TEST(ToJson, WritesAnyOfAnyOfWellKnownTypes) {
  pb::Duration second;
  second.set_seconds(1);
  pb::Any inner;
  inner.PackFrom(second);
  Kinds held;
  *held.mutable_any() = inner;
  held.set_int32_value(2);
  Kinds kinds;
  kinds.mutable_any()->PackFrom(held);
  kinds.add_anys()->PackFrom(inner);
  kinds.add_anys();
  EXPECT_EQ(
      json_of(kinds),
      R"({"any":{"@type":"type.googleapis.com/weft.formats.Kinds","int32Value":2,)"
      R"("any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}},)"
      R"("anys":[{"@type":"type.googleapis.com/google.protobuf.Any",)"
      R"("value":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}},{}]})");
}

TEST(ToJson, WritesGroupsExtensionsAndMessageSets) {
  Legacy legacy;
  legacy.mutable_place()->set_x(0);
  legacy.mutable_place()->add_tags("a");
  legacy.add_stop()->set_minute(1);
  legacy.add_stop();
  legacy.SetExtension(formats::extra_number, 7);
  legacy.AddExtension(formats::extra_names, "n");
  legacy.AddExtension(formats::extra_names, "m");
  legacy.MutableExtension(Legacy::nested_extension)->set_number(3);
  legacy.MutableExtension(formats::extragroup)->set_depth(4);
  EXPECT_EQ(json_of(legacy),
            R"({"place":{"x":0,"tags":["a"]},"stop":[{"minute":1},{}],)"
            R"("[weft.formats.extra_number]":7,"[weft.formats.extra_names]":["n","m"],)"
            R"("[weft.formats.extragroup]":{"depth":4},)"
            R"("[weft.formats.Legacy.nested_extension]":{"number":3}})");
  formats::Set set;
  set.MutableExtension(formats::SetItem::item)->set_text("t");
  EXPECT_EQ(json_of(set), R"({"[weft.formats.SetItem.item]":{"text":"t"}})");
}

TEST(ToJson, ShowsDefaultsOfFieldsWithoutPresence) {
  formats::Shuffled shuffled;
  EXPECT_EQ(json_of(shuffled), "{}");
  EXPECT_EQ(json_of(shuffled, {.defaults = true}), R"({"last":0,"middle":[],"first":""})");
  shuffled.add_middle(4);
  shuffled.set_first("f");
  EXPECT_EQ(json_of(shuffled, {.defaults = true}), R"({"last":0,"middle":[4],"first":"f"})");
  // Its scalars have presence: what is not set is not there.
  EXPECT_EQ(json_of(Legacy(), {.defaults = true}),
            R"({"stop":[],"numbers":[],"packedNumbers":[],"sizes":[]})");
}

TEST(ToJson, WritesNamesAndEnumsAsAskedFor) {
  Kinds kinds;
  kinds.set_other_name("x");
  kinds.set_colour(formats::GREEN);
  kinds.add_colours(static_cast<formats::Colour>(17));
  kinds.set_null_value(static_cast<pb::NullValue>(7));
  EXPECT_EQ(json_of(kinds, {.declared_names = true, .enum_numbers = true}),
            R"({"colour":1,"other_name":"x","colours":[17],"null_value":7})");
}

TEST(ToJson, IndentsForPeople) {
  Kinds kinds;
  kinds.add_int32s(1);
  kinds.add_int32s(2);
  kinds.mutable_child();
  kinds.mutable_object();
  (*kinds.mutable_by_int32())[1] = "x";
  EXPECT_EQ(json_of(kinds, {.indent = 2}), R"({
  "child": {},
  "int32s": [
    1,
    2
  ],
  "byInt32": {
    "1": "x"
  },
  "object": {}
})");
}

TEST(ToJson, RefusesWhatHasNoJson) {
  Kinds kinds;
  kinds.add_children()->mutable_span()->set_seconds(1);
  kinds.mutable_children(0)->mutable_span()->set_nanos(-5);
  EXPECT_THAT(error_of(kinds), StartsWith("field children[0].span: 1 seconds and -5 nanoseconds"));
  kinds.Clear();
  kinds.mutable_any()->set_type_url("example.org/no.Such");
  EXPECT_EQ(error_of(kinds), "field any: the type no.Such of an Any is unknown");
  kinds.Clear();
  kinds.mutable_value();
  EXPECT_EQ(error_of(kinds), "field value: a Value has no kind set");
  kinds.mutable_value()->set_number_value(std::numeric_limits<double>::infinity());
  EXPECT_THAT(error_of(kinds), HasSubstr("NaN or an infinity"));
  kinds.Clear();
  kinds.mutable_mask()->add_paths("fooBar");
  EXPECT_THAT(error_of(kinds), HasSubstr("lower_snake_case"));
  Legacy legacy;
  legacy.set_name("\xff");
  EXPECT_EQ(error_of(legacy), "field name: a string of 1 bytes is not UTF-8");
}

TEST(ToJson, BoundsDepthAndSize) {
  Kinds kinds;
  Kinds* at = &kinds;
  for (int i = 0; i < 100; ++i) at = at->mutable_child();
  EXPECT_THAT(error_of(kinds), HasSubstr("deeper than 100 levels"));
  EXPECT_TRUE(to_json(kinds, {.max_depth = 101}).ok());
  Kinds wide;
  for (int i = 0; i < 1000; ++i) wide.add_children();
  const Result<std::string> json = to_json(wide, {.defaults = true, .max_size = 10'000});
  EXPECT_EQ(json.status().code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(json.status().message()), HasSubstr("10000 bytes"));
}

TEST(ToJson, TakesTypesOfAnyPool) {
  pb::FileDescriptorProto file;
  file.set_name("dynamic.proto");
  pb::DescriptorProto& type = *file.add_message_type();
  type.set_name("D");
  pb::FieldDescriptorProto& field = *type.add_field();
  field.set_name("n");
  field.set_number(1);
  field.set_type(pb::FieldDescriptorProto::TYPE_INT32);
  field.set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
  for (int i = 0; i < 3; ++i) {
    pb::DescriptorPool pool;
    const pb::Descriptor* found = pool.BuildFile(file)->message_type(0);
    pb::DynamicMessageFactory factory;
    const std::unique_ptr<pb::Message> message(factory.GetPrototype(found)->New());
    ASSERT_TRUE(from_json(R"({"n":5})", *message).ok());
    EXPECT_EQ(json_of(*message), R"({"n":5})");
  }
}

TEST(Marks, ShowWhatHasNoJson) {
  Kinds kinds;
  kinds.mutable_span()->set_seconds(1);
  kinds.mutable_span()->set_nanos(-5);
  kinds.mutable_any()->set_type_url("example.org/no.Such");
  kinds.mutable_any()->set_value("ab");
  pb::Any& garbage = *kinds.add_anys();
  garbage.set_type_url("type.googleapis.com/weft.formats.Kinds");
  garbage.set_value("\x0a");
  EXPECT_EQ(json_of(kinds, {.marks = true}),
            R"({"span":{"@fields":{"seconds":"1","nanos":-5}},)"
            R"("any":{"@type":"example.org/no.Such","@value":"YWI="},)"
            R"("anys":[{"@type":"type.googleapis.com/weft.formats.Kinds","@value":"Cg=="}]})");
}

TEST(Marks, ShowBytesThatAreNotUtf8) {
  // string_value = 14, strings = 34, by_string = 41 with a key
  EXPECT_EQ(shown(Kinds::descriptor(),
                  std::string_view("\x72\x02\xff"
                                   "a"
                                   "\x92\x02\x01\xfe\xca\x02\x05\x0a\x01\xff\x10\x01",
                                   16)),
            R"({"stringValue":{"@bytes":"/2E="},"strings":[{"@bytes":"/g=="}],)"
            R"("byString":{"@bytes:/w==":1}})");
}

TEST(Marks, ShowUnknownFields) {
  // child { 99: 1 }
  EXPECT_EQ(shown(Kinds::descriptor(), "\x8a\x01\x03\x98\x06\x01"),
            R"({"child":{"@unknown":"mAYB"}})");
}

TEST(Marks, ShowWhatIsTooDeepOrMalformed) {
  std::string bytes;
  for (int i = 0; i < 5; ++i) {
    bytes = "\x8a\x01" + std::string(1, static_cast<char>(bytes.size())) + bytes;
  }
  EXPECT_EQ(shown(Kinds::descriptor(), bytes, {.max_depth = 3}),
            R"({"child":{"child":{"child":{"@value":"igEDigEA"}}}})");
  // child is cut off; in the second, packed int32s are
  EXPECT_EQ(shown(Kinds::descriptor(), "\x8a\x01\x01\x08"), R"({"child":{"@value":"CA=="}})");
  EXPECT_EQ(shown(Kinds::descriptor(), "\x8a\x01\x05\xba\x01\x02\x05\xff"),
            R"({"child":{"@value":"ugECBf8="}})");
}

TEST(Marks, DoNotGrowWithDepth) {
  // Each level has its fields in the wrong order, and a time out of range at the bottom.
  std::string bytes = "\xc2\x04\x02\x10\x05";
  for (int i = 0; i < 60; ++i) {
    codec::OutputBytes out;
    out.put("\x18\x01\x18\x02\x8a\x01");
    out.put_varint(bytes.size());
    out.put(bytes);
    out.put("\x0d");
    bytes = out.view().substr(0, out.size() - 1);
  }
  EXPECT_THAT(shown(Kinds::descriptor(), bytes),
              StartsWith(R"({"int32Value":2,"child":{"int32Value":2,)"));
}

TEST(BytesOfAPeer, MeanWhatAParserMakesOfThem) {
  // The last of a scalar and of a oneof counts, messages are merged, lists may be interleaved,
  // packed or not, and of a map's entries with one key the last counts.
  const std::string_view bytes(
      "\x18\x01"                       // int32_value: 1
      "\xe8\x03\x07"                   // number: 7
      "\xb8\x01\x01"                   // int32s: 1, not packed
      "\x8a\x01\x02\x18\x05"           // child { int32_value: 5 }
      "\xca\x02\x05\x0a\x01k\x10\x01"  // by_string { "k": 1 }
      "\xf2\x03\x01t"                  // text: "t"
      "\xba\x01\x02\x02\x03"           // int32s: 2, 3
      "\x8a\x01\x02\x20\x06"           // child { int64_value: 6 }
      "\xca\x02\x05\x0a\x01k\x10\x02"  // by_string { "k": 2 }
      "\x18\x02");                     // int32_value: 2
  const std::string text = shown(Kinds::descriptor(), bytes);
  EXPECT_EQ(text, R"({"int32Value":2,"child":{"int32Value":5,"int64Value":"6"},)"
                  R"("int32s":[1,2,3],"byString":{"k":2},"text":"t"})");
  Kinds parsed;
  ASSERT_TRUE(parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  EXPECT_EQ(json_of(parsed), text);
}

TEST(BytesOfAPeer, ThatAreNoMessageAreAnError) {
  codec::OutputBytes out;
  const Status status =
      codec::print_json(codec::Tables::generated().of(*Kinds::descriptor()), "\x0a\xff",
                        {.marks = true}, codec::WireOrigin::Peer, out);
  EXPECT_EQ(status.code(), StatusCode::Internal);
  EXPECT_EQ(std::string(status.message()), "its bytes are not a weft.formats.Kinds");
}

TEST(BytesOfAPeer, NameTypesThatAreUnknown) {
  Kinds kinds;
  kinds.mutable_any()->set_type_url("a.b/no.Such");
  std::vector<std::string> unknown;
  codec::OutputBytes out;
  EXPECT_TRUE(codec::print_json(codec::Tables::generated().of(*Kinds::descriptor()),
                                kinds.SerializeAsString(), {.marks = true}, codec::WireOrigin::Peer,
                                out, &unknown)
                  .ok());
  EXPECT_THAT(unknown, ::testing::ElementsAre("no.Such"));
}

/// One entry, whose key and value are read and written in blocks.
std::string entry_of(const std::string& key, const std::string& value) {
  formats::Item item;
  (*item.mutable_labels())[key] = value;
  return json_of(item);
}

TEST(ToJson, WritesEntriesOfStringsOfEveryLength) {
  const std::string letters = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
  for (std::size_t size = 0; size <= letters.size(); ++size) {
    const std::string text = letters.substr(0, size);
    EXPECT_EQ(entry_of(text, "x"), R"({"labels":{")" + text + R"(":"x"}})");
    EXPECT_EQ(entry_of("x", text), R"({"labels":{"x":")" + text + R"("}})");
  }
}

TEST(ToJson, EscapesEntriesAtEveryPlace) {
  const std::string letters = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
  for (const auto& [raw, written] : {std::pair("\"", "\\\""), {"\n", "\\n"}, {"é", "é"}}) {
    for (std::size_t at = 0; at <= letters.size(); ++at) {
      const std::string head = letters.substr(0, at);
      const std::string tail = letters.substr(at);
      const std::string text = head + written + tail;
      EXPECT_EQ(entry_of(head + raw + tail, text.substr(0, at)),
                R"({"labels":{")" + text + R"(":")" + head + R"("}})");
      EXPECT_EQ(entry_of(head, head + raw + tail),
                R"({"labels":{")" + head + R"(":")" + text + R"("}})");
    }
  }
}

TEST(ToJson, WritesEveryEntryOnce) {
  formats::Item item;
  for (int i = 0; i < 50; ++i) {
    const std::string key = std::to_string(i) + (i % 3 == 0 ? "\"" : "");
    (*item.mutable_labels())[key] =
        std::string(static_cast<std::size_t>(i), i % 5 == 0 ? '\n' : 'v');
  }
  item.set_id(1);
  formats::Item read;
  ASSERT_TRUE(from_json(json_of(item), read).ok());
  EXPECT_EQ(read.labels_size(), item.labels_size());
  for (const auto& [key, value] : item.labels()) EXPECT_EQ(read.labels().at(key), value);
}

TEST(ToJson, WritesTheLastOfAPeersEntriesWithOneKey) {
  std::string bytes;
  for (const auto& [key, value] : {std::pair("a", "1"), {"b", "2"}, {"a", "3"}}) {
    formats::Item item;
    (*item.mutable_labels())[key] = value;
    bytes += item.SerializeAsString();
  }
  codec::OutputBytes out;
  const Status status =
      codec::print_json(codec::Tables::generated().of(*formats::Item::descriptor()), bytes, {},
                        codec::WireOrigin::Peer, out);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(out.view(), R"({"labels":{"b":"2","a":"3"}})");
}

}  // namespace
}  // namespace weft
