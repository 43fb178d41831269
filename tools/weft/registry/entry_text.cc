#include "tools/weft/registry/entry_text.h"

#include <algorithm>
#include <map>

#include "weft/base/log/log_value.h"
#include "weft/base/text/printable.h"
#include "weft/base/time.h"
#include "weft/codec/json/json.h"

namespace weft::cli {
namespace {

namespace v1 = registry::v1;

/// A value between others: what has a space in it, or more than this one value, is in quotes.
std::string value_text(const std::string& value) { return value.empty() ? "" : log_value(value); }

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) text.append(text.empty() ? "" : between).append(part);
  return text;
}

std::string addresses_of(const v1::Instance& instance) {
  std::vector<std::string> parts;
  for (const std::string& address : instance.addresses()) parts.push_back(value_text(address));
  return joined(parts, ",");
}

std::string attributes_of(const v1::Instance& instance) {
  // In order of name, which protobuf's maps are not.
  std::vector<std::string> parts;
  for (const auto& [name, value] : std::map<std::string, std::string>(
           instance.attributes().begin(), instance.attributes().end())) {
    parts.push_back(value_text(name) + "=" + value_text(value));
  }
  return joined(parts, " ");
}

/// "7s of 10s".
std::string lease_of(const v1::Entry& entry) {
  // Rounded up: a lease that has time left has not none.
  const std::chrono::seconds left((entry.remaining_ms() + 999) / 1000);
  return to_string(left) + " of " + to_string(std::chrono::milliseconds(entry.ttl_ms()));
}

std::string line_of(std::string_view sign, std::string_view colour, const v1::Entry& entry,
                    std::string_view remark, const Style& style) {
  const v1::Instance& instance = entry.instance();
  std::vector<std::string> parts{value_text(entry.service()), addresses_of(instance)};
  for (const std::string& part :
       {value_text(instance.name()), value_text(instance.zone()), attributes_of(instance)}) {
    if (!part.empty()) parts.push_back(part);
  }
  if (!remark.empty()) parts.push_back("(" + std::string(remark) + ")");
  return style.paint(colour, sign) + " " + joined(parts, "  ");
}

}  // namespace

std::string table_of(const std::vector<std::vector<std::string>>& rows, const Style& style) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += &row == &rows.front() ? style.paint(style.bold, line) : line;
    text += '\n';
  }
  return text;
}

std::string table_of(const std::vector<v1::Entry>& entries, const Style& style) {
  std::vector<std::vector<std::string>> rows{
      {"SERVICE", "ADDRESS", "NAME", "WEIGHT", "ZONE", "LEASE", "ATTRIBUTES"}};
  for (const v1::Entry& entry : entries) {
    const v1::Instance& instance = entry.instance();
    rows.push_back({value_text(entry.service()), addresses_of(instance),
                    value_text(instance.name()), std::to_string(std::max(1U, instance.weight())),
                    value_text(instance.zone()), lease_of(entry), attributes_of(instance)});
  }
  return table_of(rows, style);
}

std::vector<std::string> lines_of(const v1::WatchResponse& response, const Style& style) {
  std::vector<std::string> lines;
  for (const v1::Entry& entry : response.snapshot().entries()) {
    lines.push_back(line_of("=", style.dim, entry, "", style));
  }
  for (const v1::Change& change : response.changes().changes()) {
    switch (change.kind()) {
      case v1::Change::DEREGISTERED:
        lines.push_back(line_of("-", style.red, change.entry(), "deregistered", style));
        break;
      case v1::Change::LAPSED:
        lines.push_back(line_of("-", style.red, change.entry(), "its lease has lapsed", style));
        break;
      default:
        lines.push_back(line_of("+", style.green, change.entry(), "", style));
    }
  }
  return lines;
}

std::string json_line(const google::protobuf::Message& message) {
  // Messages of ours: what cannot be written, such as text that is not UTF-8, is marked.
  const Result<std::string> text = to_json(message, {.declared_names = true, .marks = true});
  return printable_json(text.ok() ? *text : "{}");
}

}  // namespace weft::cli
