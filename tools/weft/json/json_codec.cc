#include "tools/weft/json/json_codec.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include <google/protobuf/util/json_util.h>

#include "weft/base/printable.h"

#include "tools/weft/json/json_defaults.h"
#include "tools/weft/schema/message_survey.h"
#include "tools/weft/schema/near_names.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

std::string url_of(const pb::Descriptor& type) {
  return std::string(kTypeUrlPrefix) + type.full_name();
}

/// Reads valid JSON forwards, keeping count of lines.
class JsonWalker {
 public:
  explicit JsonWalker(const JsonText& json) : text_(json.text), position_(json.position) {}

  TextPosition position() const noexcept { return position_; }

  /// Goes to the value of the field `name`, or of the item `index`, of the value here. False when
  /// there is none; then it has gone somewhere else.
  bool enter_field(std::string_view name) {
    if (!eat('{')) return false;
    while (next() == '"') {
      const std::size_t start = at_;
      skip_value();
      const std::string_view found = text_.substr(start + 1, at_ - start - 2);
      if (!eat(':')) return false;
      next();
      if (found == name) return true;
      skip_value();
      if (!eat(',')) return false;
    }
    return false;
  }
  bool enter_item(std::size_t index) {
    if (!eat('[')) return false;
    for (; index > 0; --index) {
      skip_value();
      if (!eat(',')) return false;
    }
    return next() != ']';
  }

 private:
  char at() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  /// The next character that is not white space.
  char next() {
    while (at() == ' ' || at() == '\t' || at() == '\n' || at() == '\r') step();
    return at();
  }
  void step() {
    const char c = text_[at_++];
    if (c == '\n') {
      position_ = {.line = position_.line + 1, .column = 1};
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++position_.column;
    }
  }
  bool eat(char c) {
    if (next() != c) return false;
    step();
    return true;
  }
  void skip_string() {
    step();
    while (at_ < text_.size() && at() != '"') {
      if (at() == '\\') step();
      step();
    }
    if (at_ < text_.size()) step();
  }
  void skip_word() {
    while (at_ < text_.size() &&
           std::string_view(",:]} \t\r\n").find(at()) == std::string_view::npos) {
      step();
    }
  }
  void skip_value() {
    std::size_t depth = 0;
    do {
      const char c = next();
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        ++depth;
        step();
      } else if (c == '}' || c == ']') {
        --depth;
        step();
      } else if (c == ',' || c == ':') {
        step();
      } else {
        skip_word();
      }
    } while (depth > 0 && at_ < text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
  TextPosition position_;
};

/// The text between the first `open` and the last `close` after it.
std::string_view between(std::string_view text, std::string_view open, std::string_view close) {
  const std::size_t start = text.find(open);
  const std::size_t end = text.rfind(close);
  if (start == std::string_view::npos || end == std::string_view::npos) return {};
  return start + open.size() > end ? std::string_view{}
                                   : text.substr(start + open.size(), end - start - open.size());
}

/// The type of the field at "items[1].price" of `type`, as far as that is a message.
const pb::Descriptor* message_at(const pb::Descriptor* type, std::string_view path) {
  while (type != nullptr && !path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string_view part = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    const std::string name(part.substr(0, part.find('[')));
    const pb::FieldDescriptor* field = type->FindFieldByName(name);
    if (field == nullptr) field = type->FindFieldByCamelcaseName(name);
    type = field == nullptr ? nullptr : field->message_type();
  }
  return type;
}

/// protobuf's message, "(path) name: Cannot find field." or "(path): invalid value V for type T",
/// with the words people use.
struct Complaint {
  std::string path;
  std::string text;
};

Complaint unknown_field(const pb::Descriptor& type, std::string_view path, std::string_view name) {
  Complaint out{.path = std::string(path), .text = "there is no field '" + std::string(name) + "'"};
  const pb::Descriptor* in = message_at(&type, path);
  if (in == nullptr) return out;
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(in->field_count()));
  for (int i = 0; i < in->field_count(); ++i) names.push_back(in->field(i)->json_name());
  out.text += " in " + in->full_name() + did_you_mean(name, names);
  return out;
}

std::string type_name(std::string_view text) {
  if (text.starts_with(kTypeUrlPrefix)) return std::string(text.substr(kTypeUrlPrefix.size()));
  if (!text.starts_with("TYPE_")) return std::string(text);
  std::string name(text.substr(5));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

Complaint explain(const pb::Descriptor& type, std::string_view message) {
  const std::string_view path =
      message.starts_with('(') ? between(message, "(", ")") : std::string_view{};
  constexpr std::string_view kUnknown = ": Cannot find field.";
  if (message.ends_with(kUnknown)) {
    std::string_view name = message.substr(0, message.size() - kUnknown.size());
    const std::size_t space = name.rfind(' ');
    if (space != std::string_view::npos) name = name.substr(space + 1);
    return unknown_field(type, message.substr(0, 1) == "(" ? path.substr(0, path.find(')')) : path,
                         name);
  }
  const std::size_t close = message.find("): ");
  const bool has_path = message.starts_with('(') && close != std::string_view::npos;
  Complaint out;
  if (has_path) out.path = message.substr(1, close - 1);
  std::string_view rest = has_path ? message.substr(close + 3) : message;
  while (rest.starts_with(": ")) rest.remove_prefix(2);
  const std::string_view value = between(rest, "invalid value ", " for type ");
  if (value.empty()) {
    out.text = rest;
    return out;
  }
  // Some values are a sentence already, and then the "type" means nothing.
  const std::string_view wanted = rest.substr(rest.rfind(" for type ") + 10);
  const bool sentence = value.find(' ') != std::string_view::npos && value.front() != '"';
  out.text = sentence ? std::string(value)
                      : std::string(value) + " is not a value of type " + type_name(wanted);
  return out;
}

// As JSON a message takes a few times its bytes; where fields or enum values with long names come
// in two bytes each, as many times as a server likes.
constexpr std::uint64_t kMaxJson = std::uint64_t{128} << 20;
constexpr std::uint64_t kMaxJsonPerByte = 16;

/// OK when the bytes are a message that can be shown within limits.
Status check_survey(const pb::Descriptor& type, std::string_view bytes, DecodeOptions options) {
  const Defaults defaults = options.emit_defaults ? Defaults::Show : Defaults::Hide;
  const Result<MessageSurvey> survey = survey_message(type, bytes, defaults);
  if (!survey.ok()) return survey.status();
  const std::uint64_t limit = std::max(kMaxJson, kMaxJsonPerByte * bytes.size());
  if (survey->json_bytes <= limit) return {};
  return resource_exhausted(
      "the response of " + std::to_string(bytes.size()) + " bytes, a " + type.full_name() +
      ", would be up to " + std::to_string(survey->json_bytes) + " bytes of JSON; the limit is " +
      std::to_string(limit) + (options.emit_defaults ? "; --no-defaults makes it shorter" : ""));
}

}  // namespace

TextPosition locate_field(const JsonText& json, std::string_view path) {
  JsonWalker walker(json);
  TextPosition found = walker.position();
  while (!path.empty()) {
    const std::size_t end = path.find_first_of(".[");
    if (end != 0 && !walker.enter_field(path.substr(0, end))) break;
    found = walker.position();
    if (end == std::string_view::npos) break;
    path.remove_prefix(end);
    if (path.front() == '.') {
      path.remove_prefix(1);
      continue;
    }
    std::size_t index = 0;
    std::from_chars(path.data() + 1, path.data() + path.size(), index);
    if (!walker.enter_item(index)) break;
    found = walker.position();
    path.remove_prefix(std::min(path.find(']') + 1, path.size()));
    if (path.starts_with('.')) path.remove_prefix(1);
  }
  return found;
}

Result<std::string> encode_json(const Schema& schema, const pb::Descriptor& type,
                                const JsonText& json) {
  if (!schema.json_possible().ok()) return schema.json_possible();
  std::string bytes;
  const auto status =
      pb::util::JsonToBinaryString(&schema.resolver(), url_of(type), json.text, &bytes);
  if (status.ok()) return bytes;
  const Complaint complaint =
      explain(type, std::string_view(status.message().data(), status.message().size()));
  const TextPosition place = locate_field(json, complaint.path);
  std::string message =
      "line " + std::to_string(place.line) + ", column " + std::to_string(place.column) + ": ";
  if (!complaint.path.empty()) message += "field " + complaint.path + ": ";
  return invalid_argument(message + complaint.text);
}

Result<std::string> decode_to_json(const Schema& schema, const pb::Descriptor& type,
                                   const std::string& bytes, DecodeOptions options) {
  if (!schema.json_possible().ok()) return schema.json_possible();
  // The JSON functions pass over what is cut off in the middle, and have no limits of their own.
  Status fit = check_survey(type, bytes, options);
  if (!fit.ok()) return fit;
  // Not with always_print_primitive_fields: it shows defaults of fields that have presence and are
  // not set (all of proto2), and puts fields in another order.
  std::string json;
  const auto status = pb::util::BinaryToJsonString(&schema.resolver(), url_of(type), bytes, &json);
  if (status.ok()) {
    if (!is_printable(json)) json = printable_json(json);
    return options.emit_defaults ? add_defaults(json, type) : json;
  }
  return internal_error(
      "the " + std::to_string(bytes.size()) + " bytes of a " + type.full_name() +
      " cannot be shown as JSON: " +
      printable(std::string_view(status.message().data(), status.message().size())));
}

}  // namespace weft::cli
