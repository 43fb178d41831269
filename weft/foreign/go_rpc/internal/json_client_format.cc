#include "weft/foreign/go_rpc/internal/json_client_format.h"

#include <charconv>
#include <utility>

#include <google/protobuf/wrappers.pb.h>

#include "weft/codec/json/json.h"
#include "weft/foreign/internal/error_text.h"
#include "weft/foreign/json/parts.h"

namespace weft::foreign {
namespace {

constexpr int kMostDepth = 100;
/// The answer around the result.
constexpr std::size_t kLevelsOfAnswer = 1;

bool read_id(std::string_view text, std::uint64_t& id) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && end == text.data() + text.size();
}

/// The error of an answer: a text, or the JSON of whatever else it is.
Status read_error(std::string_view json) {
  google::protobuf::StringValue text;
  if (!json.starts_with('"') || !from_json(json, text).ok()) return status_of_error(json);
  return status_of_error(text.value());
}

}  // namespace

JsonClientFormat::JsonClientFormat(std::size_t max_size, FieldNames names)
    : cutter_(max_size, kMostDepth + kLevelsOfAnswer), names_(names) {}

Status JsonClientFormat::call(std::uint64_t id, std::string_view name, const MessageTypes& types,
                              std::string_view message, std::string& out) {
  const std::size_t begin = out.size();
  out.append("{\"method\":\"").append(name).append("\",\"params\":[");
  Status written = append_json(*types.request, message, names_, out);
  if (!written.ok()) {
    out.resize(begin);
    return written;
  }
  out.append("],\"id\":").append(std::to_string(id)).append("}\n");
  return {};
}

ClientFormat::Next JsonClientFormat::next(const PendingTypes& pending, Answer& out) {
  std::string_view text;
  switch (cutter_.next(text)) {
    case ObjectCutter::Next::NeedMore:
      return Next::NeedMore;
    case ObjectCutter::Next::Broken:
      error_ = cutter_.error();
      break;
    case ObjectCutter::Next::Value:
      error_ = read(text, pending, out);
      if (error_.ok()) return Next::Answer;
      break;
  }
  error_ = Status(StatusCode::Internal, error_.message(), Origin::Transport)
               .with_prefix("the server's answer");
  return Next::Broken;
}

Status JsonClientFormat::read(std::string_view text, const PendingTypes& pending,
                              Answer& out) const {
  std::string_view result = "null";
  std::string_view error = "null";
  bool has_id = false;
  JsonParts members(text);
  while (members.next()) {
    if (members.name() == "id") has_id = read_id(members.value(), out.id);
    if (members.name() == "result") result = members.value();
    if (members.name() == "error") error = members.value();
  }
  if (!members.status().ok()) return members.status();
  // What a server says before it closes, because it did not understand what came.
  if (!has_id && error != "null") return read_error(error);
  if (!has_id) return invalid_argument("it has no id that is a number");
  const MessageTypes* const types = pending.types_of(out.id);
  if (types == nullptr) return {};
  if (error != "null") {
    out.status = read_error(error);
    return {};
  }
  Result<Bytes> message = message_of_json(*types->response, result, kMostDepth);
  if (message.ok()) {
    out.message = *std::move(message);
  } else {
    out.status = internal_error("the server's result is no " + types->response->type().full_name() +
                                ": " + std::string(message.status().message()));
  }
  return {};
}

}  // namespace weft::foreign
