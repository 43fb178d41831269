// Members by name with plain values take a short way through reader and writer, those by number a
// longer one. Both give the same.

#include <cstdint>
#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "weft/codec/msgpack/msgpack.h"

#include "kinds.pb.h"

namespace weft {
namespace {

using formats::Kinds;

std::string byte(unsigned code) { return std::string(1, static_cast<char>(code)); }
std::string name_of(std::string_view name) {
  return byte(0xa0 | static_cast<unsigned>(name.size())) + std::string(name);
}
std::string number_of(std::string_view name) {
  const auto* field = Kinds::descriptor()->FindFieldByCamelcaseName(std::string(name));
  return byte(0xcc) + byte(static_cast<unsigned>(field->number()));
}

/// What is read, or why not, without the place in the bytes.
std::string result_of(const std::string& bytes) {
  Kinds message;
  const Status status = from_msgpack(bytes, message);
  const std::string text(status.message());
  return status.ok() ? message.SerializeAsString() : text.substr(text.find(": "));
}

/// A message with the field, and one of nine bytes or more behind it.
std::string with_field(const std::string& key, const std::string& value) {
  return byte(0x82) + key + value + name_of("optionalNumber") + byte(7);
}

TEST(MsgpackPlain, WritesAndReadsStringsOfEveryLength) {
  for (const std::string_view last : {"x", "\xc3\xa4"}) {
    for (std::size_t size = 0; size < 200; ++size) {
      Kinds message;
      message.set_string_value(std::string(size, 'x') + std::string(last));
      message.set_other_name("behind it");
      const std::string named = *to_msgpack(message);
      const std::string numbered = *to_msgpack(message, {.field_numbers = true});
      EXPECT_EQ(result_of(named), message.SerializeAsString()) << size;
      EXPECT_EQ(result_of(numbered), message.SerializeAsString()) << size;
      for (std::size_t cut = 0; cut < named.size(); ++cut) {
        Kinds part;
        EXPECT_FALSE(from_msgpack(std::string_view(named).substr(0, cut), part).ok()) << cut;
      }
    }
  }
}

TEST(MsgpackPlain, ReadsAndRefusesValuesAlike) {
  std::string values[] = {byte(0),
                          byte(0x7f),
                          byte(0xff),
                          byte(0xc0),
                          byte(0xc1),
                          byte(0xc2),
                          byte(0xc3),
                          "\xcc\xff",
                          "\xcd\xff\xff",
                          "\xce\x7f\xff\xff\xff",
                          "\xce\xff\xff\xff\xff",
                          "\xcf\x7f\xff\xff\xff\xff\xff\xff\xff",
                          "\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
                          "\xd0\x80",
                          std::string("\xd1\x80\x00", 3),
                          std::string("\xd2\x80\x00\x00\x00", 5),
                          std::string("\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9),
                          "\xd3\xff\xff\xff\xff\x7f\xff\xff\xff",
                          "\xca\x7f\xc0\x01\x01",
                          "\xcb\x3f\xf8\x01\x01\x01\x01\x01\x01",
                          "\xa3GRE",
                          "\xa5GREEN",
                          "\xd9\x02\xc3\xa4",
                          "\xa1\xff",
                          "\xc4\x01x",
                          byte(0x80),
                          byte(0x90)};
  for (const std::string_view name :
       {"int32Value", "int64Value", "uint32Value", "uint64Value", "sint32Value", "sint64Value",
        "fixed32Value", "fixed64Value", "sfixed32Value", "sfixed64Value", "doubleValue",
        "floatValue", "boolValue", "stringValue", "colour", "number", "text"}) {
    for (const std::string& value : values) {
      EXPECT_EQ(result_of(with_field(name_of(name), value)),
                result_of(with_field(number_of(name), value)))
          << name << " of code " << static_cast<unsigned char>(value.front());
    }
  }
}

TEST(MsgpackPlain, SeesWhatIsGivenTwice) {
  const std::string text = name_of("text") + byte(0xa0);
  const std::string number = name_of("number") + byte(1);
  const std::string padding = name_of("optionalNumber") + byte(7);
  for (const std::string& pair : {number + number, number + text, text + number}) {
    EXPECT_NE(result_of(byte(0x83) + pair + padding).find("field "), std::string::npos);
  }
}

TEST(MsgpackPlain, CountsListsOfEverySize) {
  for (const int count : {1, 7, 15, 16, 200, 65535, 65536}) {
    Kinds message;
    for (int i = 0; i < count; ++i) {
      message.add_int32s(i % 5 == 0 ? -i : i * 37);
      message.add_uint64s(static_cast<std::uint64_t>(i) << 40);
      message.add_floats(static_cast<float>(i));
    }
    EXPECT_EQ(result_of(*to_msgpack(message)), message.SerializeAsString()) << count;
  }
}

TEST(MsgpackPlain, ReadsDoublesUpToOneOfAnotherForm) {
  for (int count = 0; count < 11; ++count) {
    Kinds message;
    for (int i = 0; i < count; ++i) message.add_doubles(i + 0.1);
    EXPECT_EQ(result_of(*to_msgpack(message)), message.SerializeAsString()) << count;
    for (int at = 0; at < count; ++at) {
      // One number as an integer of a byte, and one as a string.
      std::string bytes = *to_msgpack(message);
      const auto place = bytes.size() - static_cast<std::size_t>(count - at) * 9;
      Kinds read;
      EXPECT_FALSE(from_msgpack(std::string(bytes).replace(place, 9, "\xa1x"), read).ok());
      bytes.replace(place, 9, byte(5));
      ASSERT_TRUE(from_msgpack(bytes, read).ok());
      message.set_doubles(at, 5);
      EXPECT_EQ(read.SerializeAsString(), message.SerializeAsString()) << at << " of " << count;
      message.set_doubles(at, at + 0.1);
    }
  }
}

TEST(MsgpackPlain, ReadsIntegersOfEverySize) {
  Kinds message;
  for (int bits = 0; bits < 64; ++bits) {
    const std::uint64_t value = std::uint64_t{1} << bits;
    for (const std::uint64_t near : {value - 1, value, value + 1}) {
      message.add_uint64s(near);
      message.add_int32s(static_cast<std::int32_t>(near));
    }
  }
  EXPECT_EQ(result_of(*to_msgpack(message)), message.SerializeAsString());
  Kinds small;
  small.set_int32_value(7);
  EXPECT_EQ(result_of(*to_msgpack(small)), small.SerializeAsString());
  small.set_int32_value(-7);
  EXPECT_EQ(result_of(*to_msgpack(small)), small.SerializeAsString());
}

}  // namespace
}  // namespace weft
