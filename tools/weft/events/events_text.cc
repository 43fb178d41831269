#include "tools/weft/events/events_text.h"

#include <chrono>

#include "weft/base/log/log_value.h"
#include "weft/base/text/utc_text.h"
#include "weft/codec/schema/text/base64.h"
#include "weft/codec/schema/wire.h"

#include "tools/weft/json/json_members.h"

namespace weft::cli {
namespace {

using messaging::Delivery;
using messaging::LogView;

std::string time_text(std::int64_t milliseconds) {
  if (milliseconds == 0) return "-";
  return utc_text(
      std::chrono::sys_time<std::chrono::microseconds>(std::chrono::milliseconds(milliseconds)));
}

/// Padded (RFC 4648 section 4).
std::string base64_of(std::string_view bytes) {
  codec::OutputBytes out;
  codec::put_base64(bytes, out);
  return std::string(out.view());
}

std::string cell(const std::string& value) { return value.empty() ? "-" : log_value(value); }

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

/// Attributes that say why an event is a dead letter, for the last column.
std::string attributes_of(const Delivery& event) {
  std::string text;
  for (const messaging::Attribute& attribute : event.event.attributes) {
    text += (text.empty() ? "" : " ") + attribute.name + "=" + log_value(attribute.value);
  }
  return text.empty() ? "-" : text;
}

}  // namespace

std::vector<std::vector<std::string>> rows_of(const std::vector<LogView::Topic>& topics) {
  std::vector<std::vector<std::string>> rows = {{"TOPIC", "FIRST", "END", "BYTES"}};
  for (const LogView::Topic& topic : topics) {
    rows.push_back({topic.name, std::to_string(topic.first), std::to_string(topic.end),
                    std::to_string(topic.bytes)});
  }
  return rows;
}

std::vector<std::vector<std::string>> rows_of(const std::vector<LogView::Group>& groups) {
  std::vector<std::vector<std::string>> rows = {{"GROUP", "TOPIC", "POSITION", "WAITING"}};
  for (const LogView::Group& group : groups) {
    rows.push_back(
        {group.name, group.topic, std::to_string(group.position), std::to_string(group.waiting)});
  }
  return rows;
}

std::vector<std::vector<std::string>> rows_of(const std::vector<Delivery>& events) {
  std::vector<std::vector<std::string>> rows = {
      {"POSITION", "STORED", "TYPE", "KEY", "SOURCE", "ID", "BYTES", "ATTRIBUTES"}};
  for (const Delivery& one : events) {
    rows.push_back({std::to_string(one.position), time_text(one.stored), cell(one.event.type),
                    cell(one.event.key), cell(one.event.source), cell(one.event.id),
                    std::to_string(one.event.data.size()), attributes_of(one)});
  }
  return rows;
}

std::string json_of(const LogView::Topic& topic) {
  return JsonMembers()
      .add("topic", topic.name)
      .add("first", number(topic.first))
      .add("end", number(topic.end))
      .add("bytes", number(topic.bytes))
      .object();
}

std::string json_of(const LogView::Group& group) {
  return JsonMembers()
      .add("group", group.name)
      .add("topic", group.topic)
      .add("position", number(group.position))
      .add("waiting", number(group.waiting))
      .object();
}

std::string json_of(const Delivery& event) {
  JsonMembers members;
  members.add("specversion", "1.0")
      .add("source", event.event.source)
      .add("id", event.event.id)
      .add("type", event.event.type);
  if (!event.event.key.empty()) members.add("partitionkey", event.event.key);
  if (!event.event.subject.empty()) members.add("subject", event.event.subject);
  if (event.event.time != 0) members.add("time", time_text(event.event.time));
  for (const messaging::Attribute& attribute : event.event.attributes) {
    members.add(attribute.name, attribute.value);
  }
  members.add("position", number(event.position)).add("storedtime", time_text(event.stored));
  return members.add("datacontenttype", "application/protobuf")
      .add("data_base64", base64_of(event.event.data.view()))
      .object();
}

}  // namespace weft::cli
