#include "weft/codec/protobuf.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

namespace weft::codec {
namespace {

google::protobuf::StringValue string_value(std::string text) {
  google::protobuf::StringValue message;
  message.set_value(std::move(text));
  return message;
}

TEST(ProtobufMessage, IsWrittenWhereItIsWanted) {
  const google::protobuf::StringValue value = string_value("hello");
  const Message message = message_of(value);
  EXPECT_FALSE(message.is_bytes());
  ASSERT_EQ(message.size(), 7U);
  char out[8] = {0, 0, 0, 0, 0, 0, 0, '!'};
  message.write_to(out);
  EXPECT_EQ(std::string_view(out, sizeof out), "\x0a\x05hello!");
}

TEST(ProtobufMessage, BecomesBytesThatParseBack) {
  google::protobuf::Struct original;
  for (int i = 0; i < 100; ++i) {
    (*original.mutable_fields())["field " + std::to_string(i)].set_number_value(i * 0.5);
  }
  google::protobuf::Struct copy;
  const Bytes bytes = message_of(original).to_bytes();
  ASSERT_TRUE(parse(bytes, copy).ok());
  EXPECT_EQ(copy.fields_size(), 100);
  EXPECT_EQ(copy.fields().at("field 7").number_value(), 3.5);
}

TEST(ProtobufMessage, EmptyIsNoBytes) {
  const google::protobuf::StringValue empty;
  EXPECT_EQ(message_of(empty).to_bytes().size(), 0U);
  google::protobuf::StringValue into = string_value("left over");
  ASSERT_TRUE(parse(Bytes(), into).ok());
  EXPECT_EQ(into.value(), "");
}

TEST(ProtobufMessage, BytesThatDoNotParseNameTypeAndSize) {
  google::protobuf::StringValue into;
  const Status status = parse(Bytes::of_static("\x0a\x05hell"), into);
  EXPECT_EQ(status.code(), StatusCode::Internal);
  EXPECT_EQ(status.message(), "6 bytes are not a google.protobuf.StringValue");
}

TEST(ProtobufMessage, ReplacesWhatWasThere) {
  google::protobuf::ListValue list;
  list.add_values()->set_bool_value(true);
  const Bytes bytes = message_of(list).to_bytes();
  ASSERT_TRUE(parse(bytes, list).ok());
  EXPECT_EQ(list.values_size(), 1);
}

TEST(ProtobufMessage, MissingRequiredFieldsAreNamed) {
  google::protobuf::UninterpretedOption::NamePart part;
  const Status status = parse(Bytes::of_static("\x0a\x01x"), part);
  EXPECT_EQ(status.code(), StatusCode::Internal);
  EXPECT_NE(status.message().find("missing required fields: is_extension"), std::string_view::npos)
      << status.message();
}

TEST(ProtobufMessage, NestingBeyondTheParsersDepthIsAnError) {
  google::protobuf::Value root;
  google::protobuf::Value* deepest = &root;
  for (int depth = 0; depth < 200; ++depth) deepest = deepest->mutable_list_value()->add_values();
  google::protobuf::Value into;
  EXPECT_EQ(parse(message_of(root).to_bytes(), into).code(), StatusCode::Internal);
}

google::protobuf::ListValue long_list() {
  google::protobuf::ListValue list;
  for (int i = 0; i < 20000; ++i) list.add_values()->set_string_value("value " + std::to_string(i));
  return list;
}

TEST(ProtobufMessage, ALargeOneIsSentInBlocksThatParseBack) {
  const google::protobuf::ListValue list = long_list();
  const Message message = message_of(list);
  std::vector<Bytes> pieces = message.to_pieces("head");
  ASSERT_GT(pieces.size(), 4U);
  for (const Bytes& piece : pieces) EXPECT_LE(piece.pinned(), std::size_t{64} * 1024);
  EXPECT_EQ(pieces.front().view().substr(0, 4), "head");
  pieces.front().remove_prefix(4);
  google::protobuf::ListValue copy;
  ASSERT_TRUE(parse(pieces, copy).ok());
  EXPECT_EQ(copy.SerializeAsString(), list.SerializeAsString());
  EXPECT_TRUE(Message(std::move(pieces)).bytes().view() == list.SerializeAsString());
}

TEST(ProtobufMessage, AVeryLargeOneLendsItsLargeFields) {
  google::protobuf::ListValue list;
  for (const std::size_t size : {10, 1000, 300'000, 20, 100'000, 70'000, 5}) {
    list.add_values()->set_string_value(std::string(size, static_cast<char>('a' + size % 26)));
  }
  std::vector<Bytes> pieces = message_of(list).to_pieces("head");
  std::size_t lent = 0;
  for (const Bytes& piece : pieces) {
    if (piece.owns()) continue;
    ++lent;
    const auto is_its = [&](const auto& value) {
      return value.string_value().data() == piece.data();
    };
    EXPECT_TRUE(std::any_of(list.values().begin(), list.values().end(), is_its));
  }
  EXPECT_GE(lent, 2U);
  EXPECT_EQ(Bytes::joined(pieces).to_string(), "head" + list.SerializeAsString());
}

TEST(ProtobufMessage, BelowThatItLendsNothing) {
  const google::protobuf::StringValue value = string_value(std::string(100'000, 'x'));
  for (const Bytes& piece : message_of(value).to_pieces("")) EXPECT_TRUE(piece.owns());
}

TEST(ProtobufMessage, AllocatesNothingForAFieldLongerThanItsMessage) {
  // Field 1, of 40 million bytes, of which few are there.
  const std::string start = "\x0a\x80\xb4\x89\x13" + std::string(1000, 'x');
  const std::vector<Bytes> pieces = {Bytes::copy_of(start), Bytes::copy_of(std::string(500, 'y'))};
  google::protobuf::StringValue into;
  EXPECT_EQ(parse(pieces, into).message(), "1505 bytes are not a google.protobuf.StringValue");
  EXPECT_LT(into.value().capacity(), 10000U);
}

TEST(ProtobufMessage, PiecesThatDoNotParseNameTypeAndSize) {
  const std::vector<Bytes> pieces = {Bytes::of_static("\x0a\x05"), Bytes(),
                                     Bytes::of_static("hell")};
  google::protobuf::StringValue into;
  EXPECT_EQ(parse(pieces, into).message(), "6 bytes are not a google.protobuf.StringValue");
}

TEST(ProtobufMessage, ParsesPiecesCutAnywhere) {
  google::protobuf::ListValue list;
  list.add_values()->set_string_value("a text that is longer than what a parser keeps aside");
  list.add_values()->set_number_value(0.5);
  const Bytes whole = message_of(list).to_bytes();
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    const std::vector<Bytes> pieces = {whole.slice(0, cut), whole.slice(cut, whole.size() - cut)};
    google::protobuf::ListValue copy;
    ASSERT_TRUE(parse(pieces, copy).ok()) << cut;
    EXPECT_EQ(copy.SerializeAsString(), list.SerializeAsString());
  }
}

/// Reached when it is asked for the n-th time; steps of 4 KiB.
struct Limit final : ParseLimit {
  explicit Limit(int times) : left(times) {}
  std::size_t next_step(std::size_t) noexcept override { return --left == 0 ? 0 : kFirstStep; }
  int left;
};

TEST(ParseWithin, GivesWhatParseWouldUnlessTheLimitIsReached) {
  google::protobuf::ListValue list;
  for (int i = 0; i < 4000; ++i) list.add_values()->set_number_value(i);
  const Message message(Bytes::copy_of(list.SerializeAsString()));
  ASSERT_GT(message.size(), 9 * ParseLimit::kFirstStep);
  google::protobuf::ListValue copy;
  for (int times = 1; times <= 9; ++times) {
    Limit limit(times);
    EXPECT_FALSE(parse_within(limit, message, copy).has_value()) << times;
  }
  Limit limit(1000);
  const std::optional<Status> status = parse_within(limit, message, copy);
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(status->ok()) << *status;
  EXPECT_EQ(copy.SerializeAsString(), list.SerializeAsString());
}

TEST(ParseWithin, GoesOnOverPiecesWhereverTheyAreCut) {
  const google::protobuf::StringValue value = string_value(std::string(20'000, 'x'));
  const Bytes whole = Bytes::copy_of(value.SerializeAsString());
  for (const std::size_t cut : {std::size_t{1}, ParseLimit::kFirstStep - 1, ParseLimit::kFirstStep,
                                ParseLimit::kFirstStep + 1}) {
    const Message message({whole.slice(0, cut), whole.slice(cut, whole.size() - cut)});
    google::protobuf::StringValue copy;
    Limit limit(1000);
    const std::optional<Status> status = parse_within(limit, message, copy);
    ASSERT_TRUE(status.has_value() && status->ok()) << cut;
    EXPECT_EQ(copy.value(), value.value());
  }
}

TEST(ParseWithin, ParsesOneStepInAnyCase) {
  const google::protobuf::StringValue value = string_value(std::string(4000, 'x'));
  google::protobuf::StringValue copy;
  Limit limit(1);
  EXPECT_TRUE(parse_within(limit, Message(Bytes::copy_of(value.SerializeAsString())), copy)->ok());
  EXPECT_EQ(copy.value(), value.value());
}

TEST(ParseWithin, SaysWhatIsNoMessage) {
  std::string bytes = string_value(std::string(20'000, 'x')).SerializeAsString();
  bytes.pop_back();
  google::protobuf::StringValue into;
  Limit limit(1000);
  const std::optional<Status> status = parse_within(limit, Message(Bytes::copy_of(bytes)), into);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->message(), "20003 bytes are not a google.protobuf.StringValue");
}

TEST(Message, InPiecesIsOneMessage) {
  const Message message({Bytes::of_static("he"), Bytes::of_static("llo")});
  EXPECT_EQ(message.size(), 5U);
  char out[5];
  message.write_to(out);
  EXPECT_EQ(std::string_view(out, sizeof out), "hello");
  EXPECT_EQ(message.to_pieces("> ").size(), 3U);
  EXPECT_EQ(message.bytes(), Bytes::of_static("hello"));
  EXPECT_EQ(message.pieces().size(), 1U);
}

TEST(Message, OfBytesSharesThem) {
  const Bytes bytes = Bytes::copy_of("hello");
  const Message message(bytes);
  EXPECT_TRUE(message.is_bytes());
  EXPECT_EQ(message.to_bytes().data(), bytes.data());
  char out[5];
  message.write_to(out);
  EXPECT_EQ(std::string_view(out, sizeof out), "hello");
}

TEST(Message, CarriesItsMarks) {
  Message message(Bytes::of_static("x"));
  EXPECT_FALSE(message.last());
  EXPECT_FALSE(message.uncompressed());
  message.set_uncompressed(true);
  const Message marked = std::move(message).mark_last();
  EXPECT_TRUE(marked.last());
  EXPECT_TRUE(marked.uncompressed());
}

}  // namespace
}  // namespace weft::codec
