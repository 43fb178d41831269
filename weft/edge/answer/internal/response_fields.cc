#include "weft/edge/answer/internal/response_fields.h"

#include <algorithm>
#include <array>

#include "weft/base/text/ascii.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// What says how a response is read, and is therefore not an application's to set.
bool is_of_http(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 5> kNames = {
      "content-encoding", "content-length", "content-range", "trailer", "location"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         name.starts_with("access-control-") || name.starts_with("connect-");
}

Status check_names(const Metadata& metadata) {
  for (const Metadata::Entry entry : metadata) {
    if (is_of_http(entry.name)) {
      return invalid_argument("'" + std::string(entry.name) + "' is HTTP's own");
    }
  }
  return {};
}

}  // namespace

void ResponseFields::add(std::string_view name, std::string_view value) {
  entries_.push_back({text_.size(), name.size(), value.size()});
  text_.append(name).append(value);
}

void ResponseFields::add(const Metadata& metadata, std::string_view prefix) {
  for (const Metadata::Entry entry : metadata) {
    const std::string value = field_value(entry);
    const std::size_t at = text_.size();
    text_.append(prefix).append(entry.name);
    entries_.push_back({at, text_.size() - at, value.size()});
    text_.append(value);
  }
}

rpc::HttpFields ResponseFields::view() {
  fields_.clear();
  for (const Entry& entry : entries_) fields_.push_back({name(entry), value(entry)});
  return fields_;
}

std::string ResponseFields::lines() const {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries_) sorted.push_back(&entry);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [this](const Entry* a, const Entry* b) { return name(*a) < name(*b); });
  std::string lines;
  std::string_view last;
  for (const Entry* entry : sorted) {
    if (name(*entry) == last) {
      lines.insert(lines.size() - kLineEnd.size(), std::string(", ").append(value(*entry)));
      continue;
    }
    last = name(*entry);
    lines.append(last).append(": ").append(value(*entry)).append(kLineEnd);
  }
  return lines;
}

std::string field_value(const Metadata::Entry& entry) {
  if (entry.name.ends_with("-bin")) {
    std::string value;
    rpc::base64_encode(entry.value, value);
    return value;
  }
  // RFC 9110 section 5.5: blanks at the ends are no part of a value.
  return std::string(ascii::trimmed(entry.value));
}

Status check_metadata(Metadata& metadata, std::string_view what, std::size_t limit) {
  const std::size_t size = metadata.wire_size();
  Status valid = metadata.validate();
  if (valid.ok()) valid = check_names(metadata);
  if (valid.ok() && size <= limit) return {};
  metadata.clear();
  const std::string whose = "the handler's " + std::string(what);
  if (!valid.ok()) {
    return internal_error(whose + " cannot be sent: " + std::string(valid.message()));
  }
  return resource_exhausted(whose + " of " + std::to_string(size) +
                            " bytes is larger than the limit of " + std::to_string(limit) +
                            " bytes (ServerOptions::max_metadata_size)");
}

}  // namespace weft::edge
