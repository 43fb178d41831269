#include "weft/edge/rest/stream/internal/stream_form.h"

#include <algorithm>
#include <array>
#include <optional>

#include "weft/base/text/ascii.h"
#include "weft/edge/answer/internal/rpc_status.h"
#include "weft/rpc/http/media_range.h"

namespace weft::edge::rest {
namespace {

struct Named {
  std::string_view type;
  StreamForm form;
};

constexpr std::array<Named, 6> kTypes = {{{"application/json", StreamForm::Array},
                                          {"application/x-ndjson", StreamForm::Lines},
                                          {"application/ndjson", StreamForm::Lines},
                                          {"application/jsonl", StreamForm::Lines},
                                          {"application/x-jsonlines", StreamForm::Lines},
                                          {"text/event-stream", StreamForm::Events}}};

std::optional<StreamForm> form_of_type(std::string_view type) noexcept {
  type = ascii::trimmed(type.substr(0, type.find(';')));
  for (const Named& named : kTypes) {
    if (ascii::equal_without_case(type, named.type)) return named.form;
  }
  return std::nullopt;
}

std::string error_json(const Status& status) {
  std::string json;
  append_rpc_status(json, status);
  return json;
}

}  // namespace

StreamForm accepted_form(const rpc::HttpHead& head, StreamForm otherwise) noexcept {
  int best = 0;
  int any = 0;  // of what names no type
  StreamForm form = otherwise;
  for (const rpc::HttpField& field : head.fields) {
    if (field.name != "accept") continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      const rpc::MediaRange range = rpc::take_media_range(list);
      const std::optional<StreamForm> named = form_of_type(range.type);
      const bool names_any =
          range.type == "*/*" || ascii::equal_without_case(range.type, "application/*");
      if (names_any) any = std::max(any, range.quality);
      if (!named || range.quality <= best) continue;
      best = range.quality;
      form = *named;
    }
  }
  return best >= any ? form : otherwise;
}

bool is_lines(std::string_view content_type) noexcept {
  return form_of_type(content_type) == StreamForm::Lines;
}

std::string_view content_type_of(StreamForm form) noexcept {
  switch (form) {
    case StreamForm::Lines:
      return "application/x-ndjson";
    case StreamForm::Events:
      return "text/event-stream";
    default:
      return "application/json";
  }
}

std::string framed(StreamForm form, std::string_view json, bool is_first) {
  std::string text;
  text.reserve(json.size() + 8);
  if (form == StreamForm::Array) text = is_first ? "[" : ",\n";
  if (form == StreamForm::Events) text = "data: ";
  text += json;
  if (form == StreamForm::Lines) text += '\n';
  if (form == StreamForm::Events) text += "\n\n";
  return text;
}

std::string stream_end(StreamForm form, const Status& status, bool any) {
  std::string text;
  switch (form) {
    case StreamForm::Array:
      if (!status.ok()) text = framed(form, "{\"error\":" + error_json(status) + "}", !any);
      if (status.ok() && !any) text = "[";
      return text + "]";
    case StreamForm::Lines:
      return status.ok() ? text : "{\"error\":" + error_json(status) + "}\n";
    case StreamForm::Events:
      // A browser's EventSource calls again where a response just ends, so its end is an event.
      if (status.ok()) return "event: end\ndata: {}\n\n";
      return "event: error\ndata: " + error_json(status) + "\n\n";
    case StreamForm::Raw:
      return text;
  }
  return text;
}

std::string_view heartbeat(StreamForm form) noexcept {
  return form == StreamForm::Events ? std::string_view(":\n\n") : std::string_view();
}

}  // namespace weft::edge::rest
