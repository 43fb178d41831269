#include "weft/edge/rest/internal/request_bytes.h"

#include <algorithm>
#include <string>
#include <vector>

#include "weft/base/text/ascii.h"
#include "weft/base/text/json_text.h"
#include "weft/base/text/utf8.h"
#include "weft/codec/json/wire_json.h"

namespace weft::edge::rest {
namespace {

using codec::FieldKind;
using codec::FieldTable;
using codec::JsonFault;
using codec::WellKnown;

/// Whether JSON has a value of this field without quotes only, and `text` is one.
bool stands_alone(const FieldTable& field, std::string_view text) {
  switch (field.kind) {
    case FieldKind::Bool:
      return text == "true" || text == "false";
    case FieldKind::Enum:
      return !text.empty() && text.find_first_not_of("-0123456789") == std::string_view::npos;
    case FieldKind::Message:
      return field.message().well_known() == WellKnown::Wrapper &&
             stands_alone(field.message().field(0), text);
    default:
      return false;
  }
}

/// "displayName" as "display_name"; what has no capitals stays.
std::string declared_name(std::string_view name) {
  std::string declared;
  for (const char c : name) {
    if (ascii::is_upper(c)) declared += '_';
    declared += ascii::lower(c);
  }
  return declared;
}

bool is_mask_path(std::string_view path) noexcept {
  return !path.empty() && std::all_of(path.begin(), path.end(), [](char c) {
    return ascii::is_alphanumeric(c) || c == '_' || c == '.';
  });
}

void put_text(codec::OutputBytes& out, char tag, std::string_view text) {
  out.put(tag);
  out.put_varint(text.size());
  out.put(text);
}

}  // namespace

Status RequestBytes::add_message(const codec::MessageTable& table, std::string_view json) {
  JsonFault fault;
  if (codec::read_json(table, json, options_, out_, fault)) return {};
  return invalid_argument(fault.message());
}

Status RequestBytes::add_field(const FieldTable& field, std::string_view json) {
  JsonFault fault;
  if (codec::read_json_field(field, json, options_, out_, fault)) return {};
  return invalid_argument(fault.message());
}

Status RequestBytes::add_text(const FieldChain& field, std::string_view text) {
  if (!is_utf8(text)) return invalid_argument("it is not UTF-8");
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i + 1 < field.size(); ++i) {
    out_.put_tag(*field[i]);
    begins.push_back(out_.begin_sized());
  }
  Status status = add_leaf(*field.back(), text);
  for (; !begins.empty(); begins.pop_back()) out_.end_sized(begins.back());
  return status;
}

Status RequestBytes::add_leaf(const FieldTable& field, std::string_view text) {
  if (field.kind == FieldKind::Message && field.message().well_known() == WellKnown::FieldMask) {
    return add_field_mask(field, text);
  }
  std::string json;
  if (stands_alone(field, text)) {
    json = text;
  } else {
    append_json_string(json, text);
  }
  if (field.repeated) json = "[" + json + "]";
  JsonFault fault;
  if (codec::read_json_field(field, json, options_, out_, fault)) return {};
  return invalid_argument(fault.text);
}

/// Paths with commas between, each as declared or as in JSON.
Status RequestBytes::add_field_mask(const FieldTable& field, std::string_view text) {
  constexpr char kPaths = 0x0a;
  out_.put_tag(field);
  const std::size_t begin = out_.begin_sized();
  while (!text.empty()) {
    const std::string_view path = text.substr(0, text.find(','));
    if (!is_mask_path(path)) {
      return invalid_argument(shown(path) + " is no path of fields");
    }
    put_text(out_, kPaths, declared_name(path));
    text.remove_prefix(std::min(text.size(), path.size() + 1));
  }
  out_.end_sized(begin);
  return {};
}

void RequestBytes::add_content(const FieldTable* field, std::string_view type,
                               std::string_view content) {
  // google.api.HttpBody has the strings content_type, 1, and data, 2.
  constexpr char kContentType = 0x0a;
  constexpr char kData = 0x12;
  std::size_t begin = 0;
  if (field != nullptr) {
    out_.put_tag(*field);
    begin = out_.begin_sized();
  }
  if (!type.empty()) put_text(out_, kContentType, type);
  if (!content.empty()) put_text(out_, kData, content);
  if (field != nullptr) out_.end_sized(begin);
}

}  // namespace weft::edge::rest
