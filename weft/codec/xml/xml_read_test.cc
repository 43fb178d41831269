// XML that is read: other forms than those we write, and what is refused.

#include <cmath>

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include "weft/codec/xml/xml.h"

#include "kinds.pb.h"
#include "kinds2.pb.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using formats::Kinds;
using formats::Legacy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string around(std::string_view fields) { return "<Kinds>" + std::string(fields) + "</Kinds>"; }

Kinds read(std::string_view fields, const XmlReadOptions& options = {}) {
  Kinds kinds;
  const Status status = from_xml(around(fields), kinds, options);
  EXPECT_TRUE(status.ok()) << status;
  return kinds;
}

std::string error_of_text(std::string_view text, const XmlReadOptions& options = {}) {
  Kinds kinds;
  const Status status = from_xml(text, kinds, options);
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << text;
  return std::string(status.message());
}

std::string error_of(std::string_view fields, const XmlReadOptions& options = {}) {
  return error_of_text(around(fields), options);
}

TEST(FromXml, PassesOverWhatIsNoData) {
  Kinds kinds;
  ASSERT_TRUE(from_xml("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- a -->"
                       "<?style x?><Kinds xmlns=\"urn:x\" xml:lang=\"en\">\n <!-- <b> -->"
                       " <int32Value> 5 </int32Value>\n</Kinds>\n<!-- z -->",
                       kinds)
                  .ok());
  EXPECT_EQ(kinds.int32_value(), 5);
}

TEST(FromXml, ReadsNamesOfAllForms) {
  EXPECT_EQ(read("<int32_value>1</int32_value>").int32_value(), 1);
  EXPECT_EQ(read("<other_name>a</other_name>").other_name(), "a");
  Kinds kinds;
  EXPECT_TRUE(from_xml("<weft.formats.Kinds/>", kinds).ok());
}

TEST(FromXml, KeepsWhiteSpaceOfStrings) {
  const Kinds kinds = read(
      "<strings> </strings><strings>\t a\r\n\rb </strings>"
      "<strings><![CDATA[ <&amp;> ]]></strings><strings>a<!-- - -->b</strings>"
      "<strings> <![CDATA[x]]> </strings>");
  EXPECT_THAT(kinds.strings(), ElementsAre(" ", "\t a\n\nb ", " <&amp;> ", "ab", " x "));
}

TEST(FromXml, ReadsReferencesOfCharacters) {
  const Kinds kinds =
      read("<stringValue>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;&#13;&#xA;</stringValue>");
  EXPECT_EQ(kinds.string_value(), "<>&\"'A\xf0\x9f\x98\x80\r\n");
}

TEST(FromXml, ReadsOtherFormsOfNumbers) {
  const Kinds kinds = read(
      "<int32Value>\n1e3\n</int32Value><uint32Value>7.0</uint32Value><boolValue>1</boolValue>"
      "<doubles>-INF</doubles><doubles>Infinity</doubles><doubles>1</doubles><colour>-2</colour>"
      "<floatValue>NaN</floatValue>");
  EXPECT_EQ(kinds.int32_value(), 1000);
  EXPECT_EQ(kinds.uint32_value(), 7U);
  EXPECT_TRUE(kinds.bool_value());
  EXPECT_THAT(kinds.doubles(), ElementsAre(-HUGE_VAL, HUGE_VAL, 1.0));
  EXPECT_EQ(kinds.colour(), formats::BLUE);
  EXPECT_TRUE(std::isnan(kinds.float_value()));
}

TEST(FromXml, ReadsBase64OfSeveralLines) {
  EXPECT_EQ(read("<bytesValue>\n  YW\n  Jj\n</bytesValue>").bytes_value(), "abc");
  EXPECT_EQ(read("<bytesValue encoding=\"base64\">_-8</bytesValue>").bytes_value(), "\xff\xef");
  EXPECT_EQ(read("<stringValue encoding=\"base64\">YWI=</stringValue>").string_value(), "ab");
}

TEST(FromXml, ReadsElementsOfListsThatAreNotTogether) {
  const Kinds kinds = read("<int32s>1</int32s><boolValue>true</boolValue><int32s>2</int32s>");
  EXPECT_THAT(kinds.int32s(), ElementsAre(1, 2));
}

TEST(FromXml, TakesTheLastOfEntriesWithTheSameKey) {
  const Kinds kinds = read(
      "<byString><key>a</key><value>1</value></byString>"
      "<byString><value>2</value><key>a</key></byString><byBool/>");
  EXPECT_EQ(kinds.by_string().at("a"), 2);
  EXPECT_EQ(kinds.by_bool().at(false), "");
}

TEST(FromXml, ReadsAnyByItsAttribute) {
  const Kinds kinds = read(
      "<anys type='x/weft.formats.Item'><id>5</id></anys>"
      "<anys type='x&#47;google.protobuf.Int32Value'><value>3</value></anys>"
      "<anys/><anys type='no.Such' encoding='base64'>CAE=</anys>");
  formats::Item item;
  pb::Int32Value number;
  ASSERT_TRUE(kinds.anys(0).UnpackTo(&item));
  EXPECT_EQ(item.id(), 5);
  ASSERT_TRUE(kinds.anys(1).UnpackTo(&number));
  EXPECT_EQ(number.value(), 3);
  EXPECT_EQ(kinds.anys(2).type_url(), "");
  EXPECT_EQ(kinds.anys(3).value(), "\x08\x01");
}

TEST(FromXml, ReadsGroupsExtensionsAndMessageSets) {
  Legacy legacy;
  ASSERT_TRUE(from_xml("<Legacy><place><x>1</x></place><extension.weft.formats.extra_number>7"
                       "</extension.weft.formats.extra_number></Legacy>",
                       legacy)
                  .ok());
  EXPECT_EQ(legacy.place().x(), 1);
  EXPECT_EQ(legacy.GetExtension(formats::extra_number), 7);
  formats::Set set;
  ASSERT_TRUE(from_xml("<Set><extension.weft.formats.SetItem.item><text>t</text>"
                       "</extension.weft.formats.SetItem.item></Set>",
                       set)
                  .ok());
  EXPECT_EQ(set.GetExtension(formats::SetItem::item).text(), "t");
}

TEST(FromXml, PassesOverWhatIsUnknownWhereAsked) {
  const Kinds kinds = read(
      "<more a='b'><int32s>x</int32s></more><colours>PINK</colours>"
      "<colours>GREEN</colours><int32Value unit='m'>5</int32Value>"
      "<bySint32><value>PINK</value><key>3</key></bySint32>"
      "<bySint32><key>4</key><value>GREEN</value></bySint32>",
      {.ignore_unknown = true});
  EXPECT_THAT(kinds.colours(), ElementsAre(formats::GREEN));
  EXPECT_EQ(kinds.int32_value(), 5);
  EXPECT_EQ(kinds.by_sint32().size(), 1U);
  EXPECT_EQ(kinds.by_sint32().at(4), formats::GREEN);
}

TEST(FromXml, ReadsMarksWhereAsked) {
  const Kinds kinds = read(
      "<time><nanos>-5</nanos></time><span/>"
      "<anys><typeUrl encoding='base64'>AQ==</typeUrl></anys>"
      "<unknown.fields encoding='base64'>oB8B</unknown.fields>",
      {.marks = true});
  EXPECT_EQ(kinds.time().nanos(), -5);
  EXPECT_EQ(kinds.span().seconds(), 0);
  EXPECT_EQ(kinds.anys(0).type_url(), "\x01");
  EXPECT_EQ(kinds.GetReflection()->GetUnknownFields(kinds).field(0).number(), 500);
  EXPECT_THAT(error_of("<unknown.fields>oB8B</unknown.fields>"), HasSubstr("there is no field"));
  EXPECT_THAT(error_of("<time><nanos>-5</nanos></time>"), HasSubstr("expected text instead of"));
}

TEST(FromXmlRefuses, DocumentTypesAndEntities) {
  EXPECT_EQ(error_of_text("<!DOCTYPE Kinds [<!ENTITY a \"aaaaaaaa\">]><Kinds/>"),
            "line 1, column 1: a document type is refused");
  EXPECT_THAT(error_of_text("<Kinds><!DOCTYPE x></Kinds>"), HasSubstr("document type is refused"));
  EXPECT_EQ(error_of("<stringValue>ab&a;</stringValue>"),
            "line 1, column 23: field stringValue: '&a;' is no character; references are &lt; &gt; "
            "&amp; &quot; &apos; and numbers such as &#65; of characters that XML has");
  EXPECT_THAT(error_of("<stringValue>&</stringValue>"), HasSubstr("is no character"));
  EXPECT_THAT(error_of("<stringValue>&#0;</stringValue>"), HasSubstr("'&#0;' is no character"));
  EXPECT_THAT(error_of("<stringValue>&#xD800;</stringValue>"), HasSubstr("is no character"));
  EXPECT_THAT(error_of("<stringValue>&#99999999999;</stringValue>"), HasSubstr("is no character"));
  EXPECT_THAT(error_of("<any type='&b;'/>"), HasSubstr("the attribute 'type' has a reference"));
}

TEST(FromXmlRefuses, WhatIsNotXml) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "line 1, column 1: there is no element"},
      {"<Kinds/>x", "line 1, column 9: there is text outside of the element"},
      {"x<Kinds/>", "there is text outside of the element"},
      {"<Kinds/><![CDATA[x]]>", "there is text outside of the element"},
      {"<Kinds/>\n<Kinds/>", "line 2, column 1: a second root element follows the first"},
      {"<Kinds>", "the end tag of another element, or none, comes here"},
      {"<Kinds></Other>", "the end tag of another element, or none, comes here"},
      {"<Kinds", "a start tag is broken"},
      {"<Kinds a=b/>", "an attribute is broken"},
      {"<Kinds a='b/>", "an attribute is broken"},
      {"<Kinds><!-- </Kinds>", "a comment does not end"},
      {"<Kinds><![CDATA[</Kinds>", "a CDATA section does not end"},
      {"<?xml version='1.0' encoding='ISO-8859-1'?><Kinds/>",
       "the encoding is 'iso-8859-1' instead of UTF-8"},
      {"<Kinds>\n\xff</Kinds>", "line 2, column 1: there is a byte that is not UTF-8"},
      {"<Kinds><stringValue>\x01</stringValue></Kinds>", "a character that XML 1.0 has not: \\x01"},
      {"<Other/>", "line 1, column 1: the element is 'Other' instead of 'Kinds'"},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_THAT(error_of_text(text), HasSubstr(wanted)) << text;
  }
  EXPECT_THAT(error_of_text(std::string_view("<Kinds>\0</Kinds>", 16)), HasSubstr("\\x00"));
}

TEST(FromXmlRefuses, ValuesThatAreNotOfTheirType) {
  const std::pair<const char*, const char*> cases[] = {
      {"<int32s>1</int32s>\n<int32s>2147483648</int32s>",
       "line 2, column 1: field int32s[1]: 2147483648 is beyond int32, whose greatest value is "
       "2147483647"},
      {"<child><int32Value>x</int32Value></child>",
       "column 15: field child.int32Value: 'x' is not a number; its type is int32"},
      {"<uint32Value>-1</uint32Value>", "-1 is beyond uint32, whose least value is 0"},
      {"<int32Value>1.5</int32Value>", "'1.5' is not a whole number"},
      {"<int32Value/>", "'' is not a number"},
      {"<int32Value><x/></int32Value>", "expected text instead of an element"},
      {"<doubleValue>1e999</doubleValue>", "'1e999' is beyond double"},
      {"<floatValue>inf</floatValue>", "'inf' is not a number"},
      {"<boolValue>yes</boolValue>", "expected true or false instead of 'yes'"},
      {"<colour>PINK</colour>", "the enum weft.formats.Colour has no value 'PINK'"},
      {"<colour>99999999999</colour>", "99999999999 is beyond an enum"},
      {"<bytesValue>a*b=</bytesValue>", "character 2 of 4, '*', does not belong to base64"},
      {"<bytesValue>abcde</bytesValue>", "base64 of 5 characters is cut off"},
      {"<stringValue encoding='base64'>/w==</stringValue>", "the string is not UTF-8"},
      {"<stringValue encoding='hex'>ff</stringValue>", "the encoding is 'hex' instead of 'base64'"},
      {"<time>2023-02-29T00:00:00Z</time>", "'2023-02-29T00:00:00Z' is not a time such as"},
      {"<span>315576000001s</span>", "is not a duration such as \"1.5s\" of at most"},
      {"<child>text</child>", "field child: there is text between the fields of a message"},
  };
  for (const auto& [fields, wanted] : cases) {
    EXPECT_THAT(error_of(fields), HasSubstr(wanted)) << fields;
  }
}

TEST(FromXmlRefuses, FieldsThatComeTwice) {
  EXPECT_EQ(error_of("<int32Value>1</int32Value><int32_value>2</int32_value>"),
            "line 1, column 34: field int32_value: the field is given twice");
  EXPECT_THAT(error_of("<number>1</number><text>a</text>"),
              HasSubstr("field text: another field of the oneof 'choice' is given, too"));
  const std::string once =
      "<extension.weft.formats.extra_number>7</extension.weft.formats.extra_number>";
  Legacy legacy;
  EXPECT_THAT(std::string(from_xml("<Legacy>" + once + once + "</Legacy>", legacy).message()),
              HasSubstr("the field is given twice"));
}

TEST(FromXmlRefuses, WhatIsUnknown) {
  EXPECT_EQ(error_of("<more/>"),
            "line 1, column 8: field more: there is no field 'more' in weft.formats.Kinds");
  EXPECT_THAT(error_of("<int32Value unit='m'>5</int32Value>"),
              HasSubstr("the attribute 'unit' means nothing here"));
  EXPECT_THAT(error_of("<any type='a' type='b'/>"),
              HasSubstr("the attribute 'type' is given twice"));
  EXPECT_THAT(error_of("<any type='x/no.Such'/>"),
              HasSubstr("the type 'no.Such' of an Any is unknown"));
  EXPECT_THAT(error_of("<any><id>1</id></any>"), HasSubstr("an Any has no attribute 'type'"));
  EXPECT_THAT(error_of("<any type='x/google.protobuf.Duration'>1s</any>"),
              HasSubstr("there is text between the fields"));
  EXPECT_THAT(error_of("<any type='x/google.protobuf.Duration'/>"),
              HasSubstr("an Any of google.protobuf.Duration has no element 'value'"));
}

TEST(FromXmlRefuses, MessagesThatLieTooDeep) {
  std::string text = "<int32Value>1</int32Value>";
  for (int i = 0; i < 120; ++i) text = "<child>" + text + "</child>";
  EXPECT_THAT(error_of(text),
              HasSubstr("messages lie in each other deeper than 100 levels, the limit"));
  read(text, {.max_depth = 200});
  // Deep enough to overflow the stack of what recurses; unknown elements are as deep.
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  for (int i = 0; i < 100'000; ++i) deep += "</a>";
  read(deep, {.ignore_unknown = true});
}

TEST(FromXmlRefuses, MoreTagsThanTheLimit) {
  Kinds kinds;
  const Status many =
      from_xml(around("<int32s>1</int32s><int32s>1</int32s>"), kinds, {.max_tags = 5});
  EXPECT_EQ(many.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(std::string(many.message()), "the XML has 6 tags and attributes; the limit is 5");
  EXPECT_FALSE(from_xml("<Kinds xmlns:a='' xmlns:b = \"\"/>", kinds, {.max_tags = 2}).ok());
  EXPECT_TRUE(from_xml("<Kinds xmlns:a='' xmlns:b = \"\"/>", kinds, {.max_tags = 3}).ok());
}

}  // namespace
}  // namespace weft
