#include "weft/registry/server/internal/wire_text.h"

#include <cstring>

namespace weft::registry {
namespace {

// Protobuf's wire types.
constexpr unsigned kVarint = 0;
constexpr unsigned kLengthDelimited = 2;

const std::string& text_of(const void* object) { return *static_cast<const std::string*>(object); }

constexpr MessageOps kTextOps{
    .size = [](const void* object) { return text_of(object).size(); },
    .write = [](const void* object, std::size_t size,
                char* out) { std::memcpy(out, text_of(object).data(), size); }};

}  // namespace

void WireText::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
  text_ += static_cast<char>(value);
}

void WireText::number(int field, std::uint64_t value) {
  if (value == 0) return;
  varint(static_cast<unsigned>(field) << 3 | kVarint);
  varint(value);
}

void WireText::bytes(int field, std::string_view value) {
  varint(static_cast<unsigned>(field) << 3 | kLengthDelimited);
  varint(value.size());
  text_.append(value);
}

void WireText::entry(int field, const Record& record, std::uint32_t remaining_ms) {
  WireText entry;
  entry.text_.reserve(record.service().size() + record.instance_bytes().size() + 48);
  entry.bytes(v1::Entry::kServiceFieldNumber, record.service());
  entry.bytes(v1::Entry::kInstanceFieldNumber, record.instance_bytes());
  entry.number(v1::Entry::kTtlMsFieldNumber, record.ttl_ms);
  entry.number(v1::Entry::kRevisionFieldNumber, record.revision);
  entry.number(v1::Entry::kRegisteredAtMsFieldNumber,
               static_cast<std::uint64_t>(record.registered_at_ms));
  entry.number(v1::Entry::kRemainingMsFieldNumber, remaining_ms);
  bytes(field, entry.text_);
}

Message WireText::message() const { return Message(&text_, kTextOps); }

}  // namespace weft::registry
