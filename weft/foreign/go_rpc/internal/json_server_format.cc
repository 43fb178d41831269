#include "weft/foreign/go_rpc/internal/json_server_format.h"

#include <utility>

#include "weft/base/text/json_text.h"
#include "weft/foreign/internal/error_text.h"
#include "weft/foreign/json/parts.h"

namespace weft::foreign {
namespace {

/// The request itself and the array of its parameters.
constexpr int kLevelsOfRequest = 2;
/// Go's client sends 20 digits at most.
constexpr std::size_t kLongestId = 256;

void append_error(std::string_view id, const Status& status, std::string& out) {
  out.append("{\"id\":").append(id).append(",\"result\":null,\"error\":");
  append_json_string(out, error_text(status));
  out.append("}\n");
}

}  // namespace

JsonServerFormat::JsonServerFormat(Methods& methods, std::size_t max_size, int max_depth,
                                   FieldNames names)
    : methods_(methods),
      cutter_(max_size, static_cast<std::size_t>(max_depth + kLevelsOfRequest)),
      max_depth_(max_depth),
      names_(names) {}

ServerFormat::Next JsonServerFormat::next(Request& out) {
  std::string_view text;
  switch (cutter_.next(text)) {
    case ObjectCutter::Next::NeedMore:
      return Next::NeedMore;
    case ObjectCutter::Next::Broken:
      error_ = cutter_.error();
      return Next::Broken;
    case ObjectCutter::Next::Value:
      break;
  }
  out.id = "null";
  out.status = read(text, out);
  return Next::Request;
}

Status JsonServerFormat::read(std::string_view text, Request& out) {
  if (text.front() != '{') return invalid_argument("a request is an object, and this is an array");
  std::string_view params;
  std::string_view name;
  JsonParts members(text);
  while (members.next()) {
    const std::string_view value = members.value();
    if (members.name() == "id") {
      if (value.size() > kLongestId || !is_request_id(value)) {
        return invalid_argument("the id of a request is a number, a string or null, of at most " +
                                std::to_string(kLongestId) + " bytes");
      }
      out.id = value;
    } else if (members.name() == "method") {
      if (!plain_string(value, name)) return invalid_argument("the method is not a plain string");
    } else if (members.name() == "params") {
      params = value;
    }
  }
  if (!members.status().ok()) return members.status();
  out.name = name;
  const Result<const Method*> method = methods_.find(name);
  if (!method.ok()) return method.status();
  out.method = *method;
  return read_params(params, out);
}

/// One parameter in an array; none stands for an empty message.
Status JsonServerFormat::read_params(std::string_view params, Request& out) const {
  if (params.empty()) return invalid_argument("the request has no params");
  if (params.front() != '[') return invalid_argument("params is not an array");
  JsonParts elements(params);
  if (elements.next()) {
    Result<Bytes> message =
        message_of_json(*out.method->types.request, elements.value(), max_depth_);
    if (!message.ok()) return message.status().with_prefix("params[0]");
    out.message = *std::move(message);
    if (elements.next()) return invalid_argument("params has more than one element");
  }
  return elements.status();
}

void JsonServerFormat::answer(const Request& request, const Status& status,
                              std::string_view message, std::string& out) {
  if (!status.ok()) return append_error(request.id, status, out);
  const std::size_t begin = out.size();
  out.append("{\"id\":").append(request.id).append(",\"result\":");
  const std::size_t result = out.size();
  Status written = append_json(*request.method->types.response, message, names_, out);
  if (written.ok() && std::string_view(out).substr(result) == "null") {
    written = internal_error("the response is null, which Go's client takes for an error");
  }
  if (!written.ok()) {
    out.resize(begin);
    return append_error(request.id, internal_error(written.message()), out);
  }
  out.append(",\"error\":null}\n");
}

void JsonServerFormat::say_broken(std::string& out) { append_error("null", error_, out); }

}  // namespace weft::foreign
