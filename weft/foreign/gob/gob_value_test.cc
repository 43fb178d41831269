// Messages as gob values and back.

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/codec/schema/tables.h"
#include "weft/foreign/gob/value_reader.h"
#include "weft/foreign/gob/value_writer.h"

#include "test_arith.pb.h"

namespace weft::foreign {
namespace {

using ::test::v1::Everything;
using ::testing::HasSubstr;

const codec::MessageTable& table_of(const google::protobuf::Message& message) {
  return codec::Tables::generated().of(*message.GetDescriptor());
}

/// The definitions and the value of a message.
std::string gob_of(const google::protobuf::Message& message) {
  ValueWriter writer;
  std::string out;
  const Status written = writer.message(table_of(message), message.SerializeAsString(), out);
  EXPECT_TRUE(written.ok()) << written;
  return out;
}

/// What a gob stream's first value is as a message.
template <class M>
Result<M> read(std::string_view gob, int max_depth = 100) {
  GobStream stream(1 << 20);
  stream.push(gob);
  GobStream::Value value;
  if (stream.next(value) != GobStream::Next::Value) return stream.error();
  M message;
  const Result<Bytes> bytes =
      ValueReader(stream.types(), max_depth).message(value, table_of(message));
  if (!bytes.ok()) return bytes.status();
  EXPECT_TRUE(message.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())));
  return message;
}

template <class M>
void round_trip(const M& message) {
  const Result<M> back = read<M>(gob_of(message));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->SerializeAsString(), message.SerializeAsString());
}

Everything everything() {
  Everything all;
  all.set_flag(true);
  all.set_small(INT32_MIN);
  all.set_large(INT64_MIN);
  all.set_count(UINT32_MAX);
  all.set_huge(UINT64_MAX);
  all.set_ratio(-0.1);
  all.set_part(1.5F);
  all.set_text("text");
  all.set_data(std::string("\0\xff", 2));
  all.set_color(Everything::GREEN);
  for (const std::int64_t number : {INT64_MAX, std::int64_t{0}, std::int64_t{-1}}) {
    all.add_numbers(number);
  }
  all.add_words("");
  all.add_blobs("y");
  (*all.mutable_by_name())["k"] = 0;
  (*all.mutable_by_number())[-5].set_name("inner");
  all.mutable_inner()->add_children()->add_children()->set_name("grandchild");
  all.add_inners();
  all.set_id(3);
  all.mutable_maybe()->set_value(-1);
  all.set_zigzag(INT64_MIN);
  all.set_fixed(UINT64_MAX);
  return all;
}

TEST(GobValues, AreReadAsTheyWereWritten) {
  round_trip(Everything());
  round_trip(everything());
}

TEST(GobValues, AreScalarsWhereTheMessageIsAWrapper) {
  google::protobuf::Int64Value number;
  number.set_value(-129);
  EXPECT_EQ(gob_of(number), std::string("\5\4\0\xfe\1\1", 6));
  round_trip(number);
  google::protobuf::StringValue text;
  round_trip(text);
}

TEST(GobValues, AreTimesAsGoHasThem) {
  google::protobuf::Timestamp time;
  time.set_seconds(1);
  time.set_nanos(5);
  // What Go 1.19 writes of time.Unix(1, 5).UTC().
  EXPECT_THAT(gob_of(time),
              HasSubstr(std::string("\1\0\0\0\x0e\x77\x91\xf7\1\0\0\0\5\xff\xff", 15)));
  round_trip(time);
  google::protobuf::Duration duration;
  duration.set_seconds(-2);
  duration.set_nanos(-7);
  round_trip(duration);
}

TEST(GobValues, AreDefinedOnce) {
  ValueWriter writer;
  std::string first;
  std::string second;
  const Everything all = everything();
  ASSERT_TRUE(writer.message(table_of(all), all.SerializeAsString(), first).ok());
  ASSERT_TRUE(writer.message(table_of(all), all.SerializeAsString(), second).ok());
  EXPECT_GT(first.size(), second.size() + 300);
  EXPECT_TRUE(first.ends_with(second));
}

TEST(GobValues, AreRefusedBeyondTheRangeOfTheirField) {
  google::protobuf::Int64Value wide;
  wide.set_value(INT64_C(1) << 40);
  EXPECT_THAT(read<google::protobuf::Int32Value>(gob_of(wide)).status().to_string(),
              HasSubstr("1099511627776 is beyond int32, whose greatest value is 2147483647"));
  wide.set_value(-1);
  EXPECT_THAT(read<google::protobuf::UInt64Value>(gob_of(wide)).status().to_string(),
              HasSubstr("-1 is beyond uint64"));
  wide.set_value(7);
  EXPECT_TRUE(read<google::protobuf::UInt64Value>(gob_of(wide)).ok());
  EXPECT_THAT(read<google::protobuf::StringValue>(gob_of(wide)).status().to_string(),
              HasSubstr("a value of Go's type int does not fit string"));
}

TEST(GobValues, AreRefusedWhereTheyAreTooDeep) {
  Everything all;
  Everything::Inner* inner = all.mutable_inner();
  for (int i = 0; i < 20; ++i) inner = inner->add_children();
  EXPECT_TRUE(read<Everything>(gob_of(all)).ok());
  EXPECT_THAT(read<Everything>(gob_of(all), 20).status().to_string(),
              HasSubstr("RESOURCE_EXHAUSTED: field Inner.Children[0]"));
}

TEST(GobValues, ThatAreCutOffAreErrors) {
  const std::string whole = gob_of(everything());
  for (std::size_t cut = 1; cut < 200; ++cut) {
    // The message says that it ends there.
    GobStream stream(1 << 20);
    stream.push(whole);
    GobStream::Value read;
    ASSERT_EQ(stream.next(read), GobStream::Next::Value);
    read.content.remove_suffix(std::min(cut, read.content.size()));
    ValueReader reader(stream.types(), 100);
    EXPECT_FALSE(reader.message(read, table_of(Everything())).ok()) << cut;
  }
}

// ---- What a hostile peer defines ---------------------------------------------------------------

/// The definition of a struct, the first type of a stream; `fields` as gob has them, behind their
/// count.
std::string definition_of(std::string_view type_name, std::size_t count, std::string_view fields) {
  std::string text;
  put_gob_integer(-kFirstGobType, text);
  text += "\3\1\1";  // a structType, its common part, the name
  put_gob_bytes(type_name, text);
  text.append("\1\xff\x82\0\1", 5);  // the id, the end, the fields
  put_gob_unsigned(count, text);
  text.append(fields).append(2, '\0');
  std::string out;
  put_gob_message(text, out);
  return out;
}

/// A field: its name and the type int.
std::string field_of(std::string_view name) {
  std::string out = "\1";
  put_gob_bytes(name, out);
  return out.append("\1\4\0", 3);
}

Status definition_error(const std::string& gob) {
  GobStream stream(1 << 20);
  stream.push(gob);
  GobStream::Value value;
  EXPECT_EQ(stream.next(value), GobStream::Next::Broken);
  return stream.error();
}

TEST(GobDefinitions, AreRefusedWithFieldsThatHaveNoNameOrType) {
  // A byte each.
  EXPECT_THAT(definition_error(definition_of("T", 200'000, std::string(200'000, '\0'))).to_string(),
              HasSubstr("INVALID_ARGUMENT: the definition of the gob type 65 is broken"));
  EXPECT_FALSE(definition_error(definition_of("T", 1, std::string("\1\1A\0", 4))).ok());
}

TEST(GobDefinitions, AreRefusedWithLongNames) {
  const std::string long_name(PeerTypes::kLongestName + 1, 'a');
  for (const std::string& gob :
       {definition_of(long_name, 0, ""), definition_of("T", 1, field_of(long_name))}) {
    EXPECT_THAT(definition_error(gob).to_string(),
                HasSubstr("INVALID_ARGUMENT: the gob type 65 has a name of 1025 bytes, and the "
                          "limit is 1024"));
  }
}

TEST(GobDefinitions, CountWhatTheyHold) {
  constexpr std::size_t kFields = 20'000;
  std::string fields;
  for (std::size_t i = 0; i < kFields; ++i) fields += field_of("a");
  GobStream stream(1 << 20);
  stream.push(definition_of("T", kFields, fields));
  GobStream::Value value;
  ASSERT_EQ(stream.next(value), GobStream::Next::NeedMore);
  EXPECT_GE(stream.held(), kFields * sizeof(GobType::Field));
}

}  // namespace
}  // namespace weft::foreign
