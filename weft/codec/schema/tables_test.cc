#include "weft/codec/schema/tables.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include "weft/codec/schema/field_path.h"
#include "weft/codec/schema/wire.h"

namespace weft::codec {
namespace {

namespace pb = google::protobuf;

std::shared_ptr<const pb::DescriptorPool> pool_of(const char* text) {
  pb::FileDescriptorProto file;
  EXPECT_TRUE(pb::TextFormat::ParseFromString(text, &file));
  auto pool = std::make_shared<pb::DescriptorPool>();
  EXPECT_NE(pool->BuildFile(file), nullptr);
  return pool;
}

TEST(Tables, FindFieldsByNumberAndBothNames) {
  const MessageTable& table = Tables::generated().of(*pb::FieldDescriptorProto::descriptor());
  const FieldTable* field = table.by_number(6);
  ASSERT_NE(field, nullptr);
  EXPECT_EQ(field->name, "type_name");
  EXPECT_EQ(field->json_name, "typeName");
  EXPECT_EQ(field->quoted_json_name, "\"typeName\":");
  EXPECT_EQ(table.by_name("typeName"), field);
  EXPECT_EQ(table.by_name("type_name"), field);
  EXPECT_EQ(table.by_name("typename"), nullptr);
  EXPECT_EQ(table.by_number(999), nullptr);
  EXPECT_EQ(table.by_number(70'000), nullptr);
}

TEST(Tables, ReturnTheSameTableToAllThreads) {
  const Tables tables;
  std::vector<const MessageTable*> found(8);
  std::vector<std::thread> threads;
  for (auto& slot : found) {
    threads.emplace_back([&] { slot = &tables.of(*pb::FileDescriptorProto::descriptor()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(found, testing::Each(found.front()));
}

TEST(Tables, KeepWorkingWhenTheyGrow) {
  std::string text = "name: 'many.proto'";
  for (int i = 0; i < 300; ++i) text += " message_type { name: 'M" + std::to_string(i) + "' }";
  const auto pool = pool_of(text.c_str());
  const Tables tables(pool);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 300; ++i) {
      const auto* type = pool->FindMessageTypeByName("M" + std::to_string(i));
      EXPECT_EQ(&tables.of(*type).type(), type);
    }
  }
}

TEST(Tables, RecogniseWellKnownTypesByTheirFields) {
  const Tables& tables = Tables::generated();
  EXPECT_EQ(tables.of(*pb::Timestamp::descriptor()).well_known(), WellKnown::Timestamp);
  EXPECT_EQ(tables.of(*pb::Any::descriptor()).well_known(), WellKnown::Any);
  EXPECT_EQ(tables.of(*pb::Struct::descriptor()).well_known(), WellKnown::Struct);
  EXPECT_EQ(tables.of(*pb::Value::descriptor()).well_known(), WellKnown::Value);
  EXPECT_EQ(tables.of(*pb::BytesValue::descriptor()).well_known(), WellKnown::Wrapper);
  EXPECT_EQ(tables.of(*pb::FieldDescriptorProto::descriptor()).well_known(), WellKnown::None);
  const auto odd = pool_of(R"(name: 'odd.proto' package: 'google.protobuf' message_type {
    name: 'Timestamp' field { name: 'seconds' number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }})");
  const Tables others(odd);
  const auto* type = odd->FindMessageTypeByName("google.protobuf.Timestamp");
  EXPECT_EQ(others.of(*type).well_known(), WellKnown::None);
}

TEST(Tables, FindTheTypeOfAnAnyBehindAnyPrefix) {
  const Tables& tables = Tables::generated();
  const MessageTable& holder = tables.of(*pb::Any::descriptor());
  const MessageTable* time = &tables.of(*pb::Timestamp::descriptor());
  EXPECT_EQ(tables.any_type(holder, "type.googleapis.com/google.protobuf.Timestamp"), time);
  EXPECT_EQ(tables.any_type(holder, "example.org/a/b/google.protobuf.Timestamp"), time);
  EXPECT_EQ(tables.any_type(holder, "google.protobuf.Timestamp"), time);
  EXPECT_EQ(tables.any_type(holder, "type.googleapis.com/no.Such"), nullptr);
}

TEST(Tables, FindExtensionsOfTheirMessageOnly) {
  const auto pool = pool_of(R"(name: 'e.proto' package: 'e'
    message_type { name: 'M' extension_range { start: 100 end: 200 } }
    message_type { name: 'N' extension_range { start: 100 end: 200 } }
    extension { name: 'x' number: 150 type: TYPE_INT32 label: LABEL_OPTIONAL extendee: '.e.M' })");
  const Tables tables(pool);
  const MessageTable& m = tables.of(*pool->FindMessageTypeByName("e.M"));
  const MessageTable& n = tables.of(*pool->FindMessageTypeByName("e.N"));
  const FieldTable* found = tables.extension(m, "e.x");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->quoted_json_name, "\"[e.x]\":");
  EXPECT_EQ(tables.extension(m, 150), found);
  EXPECT_EQ(tables.extension(n, "e.x"), nullptr);
  EXPECT_EQ(tables.extension(m, 151), nullptr);
}

TEST(EnumTable, ReadsAliasesAndWritesTheFirstName) {
  const auto pool = pool_of(R"(name: 'a.proto' enum_type { name: 'E' options { allow_alias: true }
    value { name: 'A' number: 0 } value { name: 'B' number: 2147483647 }
    value { name: 'C' number: 0 } value { name: 'D' number: -2147483648 } })");
  const EnumTable table(*pool->FindEnumTypeByName("E"));
  EXPECT_EQ(table.by_name("C")->number, 0);
  EXPECT_EQ(table.by_number(0)->name, "A");
  EXPECT_EQ(table.by_number(INT32_MIN)->quoted, "\"D\"");
  EXPECT_EQ(table.by_number(1), nullptr);
  EXPECT_EQ(table.by_name("a"), nullptr);
}

TEST(OutputBytes, PutsLengthsInAfterwards) {
  for (const std::size_t size : {0UL, 1UL, 127UL, 128UL, 16383UL, 16384UL, 3'000'000UL}) {
    OutputBytes out;
    out.put('a');
    const std::size_t begin = out.begin_sized();
    out.put(std::string(size, 'x'));
    out.end_sized(begin);
    WireReader reader(out.view().substr(1));
    std::string_view taken;
    ASSERT_TRUE(reader.sized(taken)) << size;
    EXPECT_EQ(taken, std::string(size, 'x'));
    EXPECT_TRUE(reader.at_end());
  }
}

TEST(WireReader, SkipsGroupsThatEndAsTheyBegan) {
  WireReader good("\x13\x1b\x08\x01\x1c\x14z");
  std::uint32_t number = 0;
  WireType wire{};
  ASSERT_TRUE(good.tag(number, wire));
  ASSERT_TRUE(good.skip(number, wire));
  EXPECT_EQ(good.rest(), "z");
  WireReader crossed("\x13\x1b\x14\x1c");
  ASSERT_TRUE(crossed.tag(number, wire));
  EXPECT_FALSE(crossed.skip(number, wire));
  const std::string deep(200, '\x13');
  WireReader endless(deep);
  ASSERT_TRUE(endless.tag(number, wire));
  EXPECT_FALSE(endless.skip(number, wire));
}

TEST(FieldPath, NamesElementsAndEntries) {
  const FieldPath root;
  FieldPath orders(&root, "orders");
  orders.set_index(3);
  FieldPath prices(&orders, "prices");
  prices.set_key("a\nb");
  EXPECT_EQ(FieldPath(&prices, "net").text(), "orders[3].prices[\"a\\nb\"].net");
}

}  // namespace
}  // namespace weft::codec
