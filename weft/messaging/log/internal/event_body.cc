#include "weft/messaging/log/internal/event_body.h"

#include <cstdint>

#include "weft/messaging/log/internal/little_endian.h"

namespace weft::messaging::stored {
namespace {

enum class Field : std::uint8_t { Source = 1, Id, Type, Key, Subject, Time, Data, Attribute };
constexpr std::size_t kFieldHeader = 5;

void put_head(std::string& out, Field field, std::size_t size) {
  out.push_back(static_cast<char>(field));
  put_number(out, static_cast<std::uint32_t>(size));
}

void put_text(std::string& out, Field field, std::string_view text) {
  if (text.empty()) return;
  put_head(out, field, text.size());
  out.append(text);
}

/// False where the value is not possible.
bool take(Field field, std::string_view value, CloudEvent& event) {
  switch (field) {
    case Field::Source:
      event.source = value;
      return true;
    case Field::Id:
      event.id = value;
      return true;
    case Field::Type:
      event.type = value;
      return true;
    case Field::Key:
      event.key = value;
      return true;
    case Field::Subject:
      event.subject = value;
      return true;
    case Field::Time:
      if (value.size() != sizeof(std::int64_t)) return false;
      event.time = number_at<std::int64_t>(value, 0);
      return true;
    case Field::Data:
      event.data = Bytes::copy_of(value);
      return true;
    case Field::Attribute: {
      if (value.size() < 4) return false;
      const std::size_t name = number_at<std::uint32_t>(value, 0);
      if (name > value.size() - 4) return false;
      event.attributes.push_back(
          {std::string(value.substr(4, name)), std::string(value.substr(4 + name))});
      return true;
    }
  }
  return true;
}

}  // namespace

std::string encode_event(const CloudEvent& event) {
  std::string body;
  body.reserve(event.data.size() + 256);
  put_text(body, Field::Source, event.source);
  put_text(body, Field::Id, event.id);
  put_text(body, Field::Type, event.type);
  put_text(body, Field::Key, event.key);
  put_text(body, Field::Subject, event.subject);
  if (event.time != 0) {
    put_head(body, Field::Time, sizeof(event.time));
    put_number(body, event.time);
  }
  put_text(body, Field::Data, event.data.view());
  for (const Attribute& attribute : event.attributes) {
    put_head(body, Field::Attribute, 4 + attribute.name.size() + attribute.value.size());
    put_number(body, static_cast<std::uint32_t>(attribute.name.size()));
    body.append(attribute.name).append(attribute.value);
  }
  return body;
}

Result<CloudEvent> decode_event(std::string_view body) {
  CloudEvent event;
  while (!body.empty()) {
    if (body.size() < kFieldHeader) return data_loss("the record is no event: a field is cut off");
    const auto field = static_cast<Field>(body[0]);
    const std::size_t size = number_at<std::uint32_t>(body, 1);
    body.remove_prefix(kFieldHeader);
    if (size > body.size() || !take(field, body.substr(0, size), event)) {
      return data_loss("the record is no event: field " + std::to_string(static_cast<int>(field)) +
                       " of " + std::to_string(size) + " bytes");
    }
    body.remove_prefix(size);
  }
  return event;
}

}  // namespace weft::messaging::stored
