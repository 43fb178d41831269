#include "weft/foreign/json/json_server_format.h"

#include <utility>

#include "weft/base/text/json_text.h"
#include "weft/foreign/internal/error_text.h"
#include "weft/foreign/json/rpc_error.h"

namespace weft::foreign {
namespace {

/// A batch, the request itself, and the array of its parameters.
constexpr int kLevelsOfRequest = 3;
/// Go's client sends 20 digits at most.
constexpr std::size_t kLongestId = 256;

}  // namespace

/// What stands in a request.
struct JsonServerFormat::Members {
  std::string_view version;
  std::string_view id;
  std::string_view method;
  std::string_view params;

  void take(std::string_view name, std::string_view value) noexcept {
    if (name == "jsonrpc") version = value;
    if (name == "id") id = value;
    if (name == "method") method = value;
    if (name == "params") params = value;
  }
};

JsonServerFormat::JsonServerFormat(Methods& methods, std::size_t max_size, int max_depth,
                                   FieldNames names, Unmarked unmarked)
    : methods_(methods),
      cutter_(max_size, static_cast<std::size_t>(max_depth + kLevelsOfRequest)),
      max_depth_(max_depth),
      names_(names),
      unmarked_(unmarked) {}

// ---- Requests ----------------------------------------------------------------------------------

ServerFormat::Next JsonServerFormat::next(Request& out) {
  if (next_of_batch(out)) return Next::Request;
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
  if (text.front() == '[') {
    begin_batch(text, out);
  } else {
    read(text, out);
  }
  return Next::Request;
}

/// The first request of a batch, or what is wrong with all of it.
void JsonServerFormat::begin_batch(std::string_view text, Request& out) {
  std::size_t count = 0;
  JsonParts elements(text);
  while (elements.next()) ++count;
  speaks_json_rpc_ = true;
  out.id = "null";
  out.form = JsonRpc;
  out.error_code = rpc_error::kInvalidRequest;
  if (!elements.status().ok()) {
    out.status = elements.status();
    out.error_code = rpc_error::kParseError;
  } else if (count == 0) {
    out.status = invalid_argument("a batch has at least one request");
  } else if (count > kMostInBatch) {
    out.status =
        invalid_argument("a batch of " + std::to_string(count) +
                         " requests is larger than the limit of " + std::to_string(kMostInBatch));
  } else {
    batch_.emplace(text);
    group_ = std::make_shared<AnswerGroup>();
    group_->due = count;
    out = {};
    next_of_batch(out);
  }
}

bool JsonServerFormat::next_of_batch(Request& out) {
  if (!batch_) return false;
  if (!batch_->next()) {
    batch_.reset();
    group_.reset();
    return false;
  }
  out.group = group_;
  read(batch_->value(), out);
  return true;
}

void JsonServerFormat::read(std::string_view text, Request& out) {
  Members members;
  Status status;
  out.id = "null";
  out.error_code = rpc_error::kInvalidRequest;
  if (text.front() == '{') {
    JsonParts parts(text);
    while (parts.next()) members.take(parts.name(), parts.value());
    status = parts.status();
    if (!status.ok()) out.error_code = rpc_error::kParseError;
  } else {
    status = invalid_argument("a request is an object");
  }
  const bool is_json_rpc =
      out.group != nullptr || !members.version.empty() || unmarked_ == Unmarked::Wrong;
  speaks_json_rpc_ = is_json_rpc;
  out.form = is_json_rpc ? JsonRpc : Go;
  const bool has_id = !members.id.empty();
  if (status.ok() && has_id && (members.id.size() > kLongestId || !is_request_id(members.id))) {
    status = invalid_argument("the id of a request is a number, a string or null, of at most " +
                              std::to_string(kLongestId) + " bytes");
  } else if (status.ok() && has_id) {
    out.id = members.id;
  }
  std::string_view name;
  if (status.ok() && is_json_rpc && members.version != "\"2.0\"") {
    status = invalid_argument("a request of JSON-RPC has the member \"jsonrpc\" with \"2.0\"");
  } else if (status.ok() && !plain_string(members.method, name)) {
    status = invalid_argument("the method is not a plain string");
  }
  if (!status.ok()) {
    out.status = std::move(status);
    return;
  }
  out.name = name;
  if (is_json_rpc && !has_id) out.form = Notification;
  find_method(members, out);
}

void JsonServerFormat::find_method(const Members& members, Request& out) {
  out.error_code = 0;
  const Result<const Method*> method = methods_.find(out.name);
  if (!method.ok()) {
    out.status = method.status();
    return;
  }
  out.method = *method;
  out.status =
      out.form == Go ? read_go_params(members.params, out) : read_params(members.params, out);
}

/// By name: the message. By position: its fields in the order of their declaration.
Status JsonServerFormat::read_params(std::string_view params, Request& out) const {
  const codec::MessageTable& table = *out.method->types.request;
  if (params.empty() || params == "null") return {};
  if (params.front() != '{' && params.front() != '[') {
    return invalid_argument("params is neither an object nor an array");
  }
  Result<Bytes> message = params.front() == '{' ? message_of_json(table, params, max_depth_)
                                                : message_of_list(table, params, max_depth_);
  if (!message.ok()) return message.status().with_prefix("params");
  out.message = *std::move(message);
  return {};
}

/// One parameter in an array; none stands for an empty message.
Status JsonServerFormat::read_go_params(std::string_view params, Request& out) const {
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

// ---- Answers -----------------------------------------------------------------------------------

void JsonServerFormat::answer(const Request& request, const Status& status,
                              std::string_view message, std::string& out) {
  if (request.group == nullptr) {
    if (request.form != Notification) append_answer(request, status, message, out);
    return;
  }
  AnswerGroup& group = *request.group;
  const std::size_t before = group.answers.size();
  if (request.form != Notification) {
    group.answers += group.answers.empty() ? '[' : ',';
    append_answer(request, status, message, group.answers);
    group.answers.pop_back();  // the newline
  }
  grouped_ += group.answers.size() - before;
  if (--group.due != 0) return;
  grouped_ -= group.answers.size();
  // Of notifications alone there is none.
  if (!group.answers.empty()) out.append(group.answers).append("]\n");
}

void JsonServerFormat::append_answer(const Request& request, const Status& status,
                                     std::string_view message, std::string& out) {
  if (!status.ok()) return append_error(request, status, out);
  const std::size_t begin = out.size();
  if (request.form == Go) {
    out.append("{\"id\":").append(request.id).append(",\"result\":");
  } else {
    out.append("{\"jsonrpc\":\"2.0\",\"result\":");
  }
  const std::size_t result = out.size();
  Status written = append_json(*request.method->types.response, message, names_, out);
  if (written.ok() && request.form == Go && std::string_view(out).substr(result) == "null") {
    written = internal_error("the response is null, which Go's client takes for an error");
  }
  if (!written.ok()) {
    out.resize(begin);
    return append_error(request, internal_error(written.message()), out);
  }
  if (request.form == Go) {
    out.append(",\"error\":null}\n");
  } else {
    out.append(",\"id\":").append(request.id).append("}\n");
  }
}

void JsonServerFormat::append_error(const Request& request, const Status& status,
                                    std::string& out) const {
  if (request.form == Go) {
    out.append("{\"id\":").append(request.id).append(",\"result\":null,\"error\":");
    append_json_string(out, error_text(status));
    out.append("}\n");
    return;
  }
  out.append("{\"jsonrpc\":\"2.0\",\"error\":");
  rpc_error::append(request.error_code, status, out);
  out.append(",\"id\":").append(request.id).append("}\n");
}

std::string JsonServerFormat::invalid(int code, const Status& status) {
  std::string out = "{\"jsonrpc\":\"2.0\",\"error\":";
  rpc_error::append(code, status, out);
  return out.append(",\"id\":null}\n");
}

void JsonServerFormat::say_broken(std::string& out) {
  Request request;
  request.id = "null";
  request.form = speaks_json_rpc_ ? JsonRpc : Go;
  request.error_code = rpc_error::kParseError;
  append_error(request, error_, out);
}

}  // namespace weft::foreign
