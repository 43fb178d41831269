#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::rpc {

namespace {

constexpr std::string_view kBinarySuffix = "-bin";

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The part before the next comma; `list` keeps what follows it.
std::string_view next_element(std::string_view& list, bool& more) noexcept {
  const std::size_t comma = list.find(',');
  more = comma != std::string_view::npos;
  const std::string_view element = list.substr(0, comma);
  list.remove_prefix(more ? comma + 1 : list.size());
  return trim(element);
}

/// One element of a list that an intermediary may have joined with commas.
bool add_element(const http2::HeaderField& field, std::string_view element, Metadata& metadata) {
  // Kept so that a warm connection allocates nothing; bounded by the header list limit.
  thread_local std::string decoded;
  decoded.clear();
  if (!base64_decode(element, decoded)) return false;
  metadata.add_received({.name = field.name, .value = decoded, .token = field.token});
  return true;
}

/// Each element repeats the name, so a list may become far larger than the field it arrived in.
Received add_list(const http2::HeaderField& field, Metadata& metadata, std::size_t limit) {
  const std::size_t entry = field.name.size() + Metadata::kEntryOverhead;
  std::size_t size = metadata.wire_size() + field.value.size() + entry;
  for (std::size_t at = field.value.find(','); at != std::string_view::npos && size <= limit;
       at = field.value.find(',', at + 1)) {
    size += entry;
  }
  if (size > limit) return Received::TooLarge;
  // The list is checked as a whole before its first element is added.
  Metadata elements;
  std::string_view list = field.value;
  for (bool more = true; more;) {
    if (!add_element(field, next_element(list, more), elements)) return Received::Malformed;
  }
  for (const Metadata::Entry element : elements) {
    metadata.add_received({.name = field.name, .value = element.value, .token = field.token});
  }
  return Received::Taken;
}

Received add_binary(const http2::HeaderField& field, Metadata& metadata, std::size_t limit) {
  if (field.value.find(',') != std::string_view::npos) return add_list(field, metadata, limit);
  return add_element(field, trim(field.value), metadata) ? Received::Taken : Received::Malformed;
}

/// Values that do not go as they stand. `fields`: the metadata's.
void encode_values(const Metadata& metadata, http2::HeaderField* fields, std::string& scratch) {
  std::size_t needed = 0;
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    if (!metadata.is_plain(i)) needed += base64_size(metadata[i].value.size());
  }
  // Reserved at once, so that views of earlier values stay where they are.
  scratch.reserve(scratch.size() + needed);
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    if (metadata.is_plain(i)) continue;
    http2::HeaderField& field = fields[i];
    if (!field.name.ends_with(kBinarySuffix)) {
      // RFC 9113 section 8.2.1: a value that starts or ends with a space makes the request
      // malformed.
      field.value = trim(field.value);
      continue;
    }
    const std::size_t start = scratch.size();
    base64_encode(field.value, scratch);
    field.value = std::string_view(scratch).substr(start, scratch.size() - start);
  }
}

}  // namespace

void append_fields(const Metadata& metadata, std::vector<http2::HeaderField>& fields,
                   std::string& scratch) {
  const std::size_t before = fields.size();
  fields.resize(before + metadata.size());
  http2::HeaderField* const added = fields.data() + before;
  bool all_plain = true;
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    const auto [name, value] = metadata[i];
    added[i].name = name;
    added[i].value = value;
    added[i].token = metadata.token(i);
    all_plain = all_plain && metadata.is_plain(i);
  }
  if (!all_plain) encode_values(metadata, added, scratch);
}

Received add_received(const http2::HeaderField& field, Metadata& metadata, std::size_t limit) {
  if (field.name.ends_with(kBinarySuffix)) return add_binary(field, metadata, limit);
  metadata.add_received(field);
  return Received::Taken;
}

Status bad_metadata(Received why, std::string_view name, std::size_t limit,
                    std::string_view option) {
  std::string text = "metadata '";
  text.append(name.substr(0, 64));
  if (why == Received::Malformed) return internal_error(text.append("' is not valid base64"));
  text.append("' is a list whose elements would make the metadata larger than the limit of ")
      .append(std::to_string(limit))
      .append(" bytes (")
      .append(option)
      .append(")");
  return resource_exhausted(std::move(text));
}

}  // namespace weft::rpc
