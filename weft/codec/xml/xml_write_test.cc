// XML that is written: each kind of value, and what cannot be written.

#include <limits>

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include "weft/codec/xml/xml.h"

#include "kinds.pb.h"
#include "kinds2.pb.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using formats::Kinds;
using formats::Legacy;
using ::testing::HasSubstr;

std::string written(const pb::Message& message, const XmlWriteOptions& options = {}) {
  const Result<std::string> text = to_xml(message, options);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

/// Without the element of the message itself.
std::string inside(const Kinds& kinds, const XmlWriteOptions& options = {}) {
  const std::string text = written(kinds, options);
  constexpr std::string_view kBegin = "<Kinds>";
  constexpr std::string_view kEnd = "</Kinds>";
  EXPECT_TRUE(text.starts_with(kBegin) && text.ends_with(kEnd)) << text;
  return text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size());
}

std::string error_of(const pb::Message& message, const XmlWriteOptions& options = {}) {
  const Result<std::string> text = to_xml(message, options);
  EXPECT_EQ(text.status().code(), StatusCode::InvalidArgument);
  return std::string(text.status().message());
}

TEST(ToXml, NamesTheElementForTheType) {
  EXPECT_EQ(written(Kinds()), "<Kinds/>");
  EXPECT_EQ(written(Legacy::Place()), "<Place/>");
}

TEST(ToXml, WritesEveryScalar) {
  Kinds kinds;
  kinds.set_double_value(1.5);
  kinds.set_float_value(0.1F);
  kinds.set_int32_value(INT32_MIN);
  kinds.set_int64_value(INT64_MIN);
  kinds.set_uint32_value(UINT32_MAX);
  kinds.set_uint64_value(UINT64_MAX);
  kinds.set_sint32_value(-1);
  kinds.set_sint64_value(-2);
  kinds.set_fixed32_value(7);
  kinds.set_fixed64_value(8);
  kinds.set_sfixed32_value(-7);
  kinds.set_sfixed64_value(-8);
  kinds.set_bool_value(true);
  kinds.set_string_value("text");
  kinds.set_bytes_value("\xff\xfe");
  kinds.set_colour(formats::BLUE);
  kinds.set_other_name("x");
  EXPECT_EQ(inside(kinds),
            "<doubleValue>1.5</doubleValue><floatValue>0.1</floatValue>"
            "<int32Value>-2147483648</int32Value><int64Value>-9223372036854775808</int64Value>"
            "<uint32Value>4294967295</uint32Value><uint64Value>18446744073709551615</uint64Value>"
            "<sint32Value>-1</sint32Value><sint64Value>-2</sint64Value>"
            "<fixed32Value>7</fixed32Value><fixed64Value>8</fixed64Value>"
            "<sfixed32Value>-7</sfixed32Value><sfixed64Value>-8</sfixed64Value>"
            "<boolValue>true</boolValue><stringValue>text</stringValue>"
            "<bytesValue>//4=</bytesValue><colour>BLUE</colour><renamed>x</renamed>");
}

TEST(ToXml, WritesNumbersThatAreNotFinite) {
  Kinds kinds;
  kinds.add_doubles(std::numeric_limits<double>::quiet_NaN());
  kinds.add_doubles(-std::numeric_limits<double>::infinity());
  kinds.add_floats(std::numeric_limits<float>::infinity());
  EXPECT_EQ(inside(kinds), "<doubles>NaN</doubles><doubles>-INF</doubles><floats>INF</floats>");
}

TEST(ToXml, EscapesMarkupAndCarriageReturns) {
  Kinds kinds;
  kinds.set_string_value("a<b>&\"c'\r\n\t\xc3\xa4");
  EXPECT_EQ(inside(kinds), "<stringValue>a&lt;b&gt;&amp;\"c'&#13;\n\t\xc3\xa4</stringValue>");
}

TEST(ToXml, WritesStringsThatXmlCannotHoldInBase64) {
  Kinds kinds;
  kinds.add_strings(std::string("\0", 1));
  kinds.add_strings("\xef\xbf\xbf");
  kinds.add_strings("\xef\xbf\xbd");
  EXPECT_EQ(inside(kinds),
            "<strings encoding=\"base64\">AA==</strings>"
            "<strings encoding=\"base64\">77+/</strings><strings>\xef\xbf\xbd</strings>");
}

TEST(ToXml, WritesAnElementForEachElementOfAList) {
  Kinds kinds;
  kinds.add_int32s(1);
  kinds.add_int32s(-1);
  kinds.add_strings("");
  kinds.add_children()->set_bool_value(true);
  kinds.add_children();
  EXPECT_EQ(inside(kinds),
            "<int32s>1</int32s><int32s>-1</int32s><strings/>"
            "<children><boolValue>true</boolValue></children><children/>");
}

TEST(ToXml, WritesEntriesOfMapsWithKeyAndValue) {
  Kinds kinds;
  (*kinds.mutable_by_int32())[-1] = "x";
  (*kinds.mutable_by_bool())[false] = "";
  (*kinds.mutable_by_sint64())[4].set_int32_value(1);
  EXPECT_EQ(inside(kinds),
            "<byInt32><key>-1</key><value>x</value></byInt32>"
            "<bySint64><key>4</key><value><int32Value>1</int32Value></value></bySint64>"
            "<byBool><key>false</key><value/></byBool>");
}

TEST(ToXml, WritesEnumsByNameOrNumber) {
  Kinds kinds;
  kinds.set_colour(formats::BLUE);
  EXPECT_EQ(inside(kinds, {.enum_numbers = true}), "<colour>-2</colour>");
  kinds.set_colour(static_cast<formats::Colour>(77));
  EXPECT_EQ(inside(kinds), "<colour>77</colour>");
}

TEST(ToXml, WritesTimesAsText) {
  Kinds kinds;
  kinds.mutable_time()->set_seconds(-1);
  kinds.mutable_time()->set_nanos(500'000'000);
  kinds.mutable_span()->set_nanos(-1);
  EXPECT_EQ(inside(kinds), "<time>1969-12-31T23:59:59.500Z</time><span>-0.000000001s</span>");
}

TEST(ToXml, WritesWrappersAsTheirValue) {
  Kinds kinds;
  kinds.mutable_wrapped_int64();
  kinds.mutable_wrapped_string()->set_value("\x01");
  kinds.mutable_wrapped_bytes()->set_value("a");
  kinds.mutable_wrapped_bool();
  EXPECT_EQ(inside(kinds),
            "<wrappedInt64>0</wrappedInt64><wrappedBool>false</wrappedBool>"
            "<wrappedString encoding=\"base64\">AQ==</wrappedString>"
            "<wrappedBytes>YQ==</wrappedBytes>");
}

TEST(ToXml, WritesOtherWellKnownTypesByTheirFields) {
  Kinds kinds;
  kinds.mutable_mask()->add_paths("foo_bar");
  (*kinds.mutable_object()->mutable_fields())["n"].set_number_value(2);
  kinds.mutable_empty();
  EXPECT_EQ(inside(kinds),
            "<mask><paths>foo_bar</paths></mask><object><fields><key>n</key>"
            "<value><numberValue>2</numberValue></value></fields></object><empty/>");
}

TEST(ToXml, WritesAnyWithItsTypeAsAnAttribute) {
  Kinds kinds;
  formats::Item item;
  item.set_id(5);
  pb::Int32Value number;
  number.set_value(3);
  kinds.add_anys()->PackFrom(item, "x\"<");
  kinds.add_anys()->PackFrom(number, "x");
  kinds.add_anys()->PackFrom(kinds.anys(1), "x");
  kinds.add_anys();
  EXPECT_EQ(inside(kinds),
            "<anys type=\"x&quot;&lt;/weft.formats.Item\"><id>5</id></anys>"
            "<anys type=\"x/google.protobuf.Int32Value\"><value>3</value></anys>"
            "<anys type=\"x/google.protobuf.Any\"><value "
            "type=\"x/google.protobuf.Int32Value\"><value>3</value></value></anys><anys/>");
}

TEST(ToXml, KeepsAnyOfUnknownTypeAsBytes) {
  pb::Any any;
  any.set_type_url("x/a.B");
  any.set_value("\x08\x01");
  EXPECT_EQ(written(any), "<Any type=\"x/a.B\" encoding=\"base64\">CAE=</Any>");
  any.clear_type_url();
  EXPECT_EQ(written(any), "<Any encoding=\"base64\">CAE=</Any>");
}

TEST(ToXml, UnitesFieldsThatAnAnyHasTwice) {
  pb::Any any;
  any.set_type_url("x/weft.formats.Item");
  any.set_value(
      std::string("\x08\x01\x12\x01"
                  "a\x08\x02",
                  7));
  EXPECT_EQ(written(any), "<Any type=\"x/weft.formats.Item\"><id>2</id><name>a</name></Any>");
}

TEST(ToXml, WritesGroupsAndExtensions) {
  Legacy legacy;
  legacy.mutable_place()->set_x(1);
  legacy.add_stop()->set_minute(2);
  legacy.SetExtension(formats::extra_number, 7);
  legacy.AddExtension(formats::extra_names, "n");
  EXPECT_EQ(written(legacy),
            "<Legacy><place><x>1</x></place><stop><minute>2</minute></stop>"
            "<extension.weft.formats.extra_number>7</extension.weft.formats.extra_number>"
            "<extension.weft.formats.extra_names>n</extension.weft.formats.extra_names></Legacy>");
}

TEST(ToXml, WritesItemsOfMessageSets) {
  formats::Set set;
  set.MutableExtension(formats::SetItem::item)->set_text("t");
  EXPECT_EQ(written(set),
            "<Set><extension.weft.formats.SetItem.item><text>t</text>"
            "</extension.weft.formats.SetItem.item></Set>");
}

TEST(ToXml, NamesFieldsByItsOptions) {
  Kinds kinds;
  kinds.set_int32_value(1);
  EXPECT_EQ(inside(kinds, {.declared_names = true}), "<int32_value>1</int32_value>");
}

TEST(ToXml, WritesDefaultsWhereAsked) {
  formats::Shuffled message;
  message.set_last(5);
  EXPECT_EQ(written(message, {.defaults = true}), "<Shuffled><last>5</last><first/></Shuffled>");
}

TEST(ToXml, IndentsElementsAndNotText) {
  Kinds kinds;
  kinds.mutable_child()->set_string_value("a");
  kinds.add_int32s(1);
  kinds.add_children();
  EXPECT_EQ(written(kinds, {.indent = 2}),
            "<Kinds>\n  <child>\n    <stringValue>a</stringValue>\n  </child>\n"
            "  <int32s>1</int32s>\n  <children/>\n</Kinds>");
}

TEST(ToXml, NamesTheFieldThatCannotBeWritten) {
  Kinds kinds;
  kinds.add_children();
  kinds.add_children()->mutable_span()->set_seconds(1);
  kinds.mutable_children(1)->mutable_span()->set_nanos(-5);
  EXPECT_THAT(error_of(kinds),
              HasSubstr("field children[1].span: 1 seconds and -5 nanoseconds are no Duration"));
  Legacy legacy;
  legacy.set_name("a\xff");
  EXPECT_EQ(error_of(legacy), "field name: the string is not UTF-8: 'a\\xff'");
  kinds.Clear();
  kinds.mutable_any()->set_type_url("a\x01");
  EXPECT_THAT(error_of(kinds), HasSubstr("field any: the type of an Any is not UTF-8, or has"));
  kinds.mutable_any()->set_type_url("x/weft.formats.Item");
  kinds.mutable_any()->set_value("\x08");
  EXPECT_EQ(to_xml(kinds).status().code(), StatusCode::Internal);
}

TEST(ToXml, MarksWhatHasNoXmlForPeople) {
  Kinds kinds;
  kinds.mutable_time()->set_nanos(-5);
  kinds.mutable_any()->set_type_url("x/weft.formats.Item");
  kinds.mutable_any()->set_value("\x08");
  kinds.add_anys()->set_type_url("\x01");
  Kinds later;
  later.GetReflection()->MutableUnknownFields(&later)->AddVarint(500, 1);
  kinds.MergeFrom(later);
  EXPECT_EQ(inside(kinds, {.marks = true}),
            "<time><nanos>-5</nanos></time>"
            "<any type=\"x/weft.formats.Item\" encoding=\"base64\">CA==</any>"
            "<anys><typeUrl encoding=\"base64\">AQ==</typeUrl></anys>"
            "<unknown.fields encoding=\"base64\">oB8B</unknown.fields>");
  Legacy legacy;
  legacy.set_name("\xff");
  EXPECT_EQ(written(legacy, {.marks = true}),
            "<Legacy><name encoding=\"base64\">/w==</name></Legacy>");
}

TEST(ToXml, LeavesUnknownFieldsOutWithoutMarks) {
  Kinds kinds;
  kinds.GetReflection()->MutableUnknownFields(&kinds)->AddVarint(500, 1);
  EXPECT_EQ(written(kinds), "<Kinds/>");
}

TEST(ToXml, BoundsDepthAndSize) {
  formats::Item item;
  formats::Item* at = &item;
  for (int i = 0; i < 5; ++i) at = at->mutable_parent();
  EXPECT_EQ(error_of(item, {.max_depth = 3}),
            "field parent.parent.parent: it lies deeper than 3 levels, the limit");
  EXPECT_TRUE(to_xml(item, {.max_depth = 6}).ok());
  EXPECT_EQ(to_xml(item, {.max_size = 10}).status().code(), StatusCode::ResourceExhausted);
  for (int i = 0; i < 100; ++i) item.add_counts(i);
  EXPECT_EQ(to_xml(item, {.max_size = 500}).status().code(), StatusCode::ResourceExhausted);
}

TEST(ToXml, BoundsAnyInAny) {
  pb::Any any;
  for (int i = 0; i < 200; ++i) {
    pb::Any outer;
    outer.PackFrom(any, "x");
    any = outer;
  }
  EXPECT_THAT(error_of(any), HasSubstr("it lies deeper than 100 levels, the limit"));
}

}  // namespace
}  // namespace weft
