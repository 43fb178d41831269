#include "weft/edge/rest/internal/rest_request.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/text/ascii.h"
#include "weft/codec/schema/object_bytes.h"
#include "weft/edge/internal/query.h"
#include "weft/edge/rest/internal/request_bytes.h"

namespace weft::edge::rest {
namespace {

/// application/json, and what is written in it (RFC 6839 section 3.1).
bool is_json(std::string_view type) noexcept {
  type = ascii::trimmed(type.substr(0, type.find(';')));
  constexpr std::string_view kSuffix = "+json";
  return ascii::equal_without_case(type, "application/json") ||
         (type.size() > kSuffix.size() &&
          ascii::equal_without_case(type.substr(type.size() - kSuffix.size()), kSuffix));
}

/// The values of a path and a query for the fields of a rule.
class Parameters {
 public:
  Parameters(const BoundRule& rule, const JsonReadOptions& options,
             codec::OutputBytes& out) noexcept
      : rule_(rule), options_(options), bytes_(options, out) {}

  Status add_path(std::string_view path, std::string_view verb) {
    const std::optional<std::vector<std::string>> values = values_of(rule_.path, path, verb);
    if (!values) return invalid_argument("the path " + shown(path) + " is not UTF-8");
    for (std::size_t i = 0; i < values->size(); ++i) {
      const Status status = bytes_.add_text(rule_.variables[i], (*values)[i]);
      if (!status.ok()) {
        return status.with_prefix("the field " + name_of(rule_.variables[i]) + " in the path");
      }
    }
    return {};
  }

  Status add_query(std::string_view text) {
    if (text.empty()) return {};
    const Result<Query> query = Query::parse(text, Query::Repeats::Taken);
    if (!query.ok()) return query.status();
    for (const auto& [name, value] : query->all()) {
      const Status status = add_parameter(name, value);
      if (!status.ok()) return status.with_prefix("the parameter " + shown(name));
    }
    return {};
  }

 private:
  Status add_parameter(const std::string& name, const std::string& value) {
    Result<FieldChain> field = find_field(*rule_.request, name);
    if (!field.ok()) return options_.ignore_unknown ? Status() : field.status();
    if (Status status = rule_.check_parameter(*field); !status.ok()) return status;
    if (!field->back()->repeated) {
      if (std::find(single_.begin(), single_.end(), *field) != single_.end()) {
        return invalid_argument("it comes twice, and is no list");
      }
      single_.push_back(*field);
    }
    return bytes_.add_text(*field, value);
  }

  const BoundRule& rule_;
  const JsonReadOptions& options_;
  RequestBytes bytes_;
  std::vector<FieldChain> single_;  // that the query has had
};

/// Why a path has no rule for the request's method.
void refuse(CallRequest& call, const rpc::HttpHead& head, std::vector<std::string> methods) {
  if (Status status = check_path(call.path); !status.ok()) {
    call.status = std::move(status);
  } else if (methods.empty()) {
    call.status = not_found("no method of this server has the path " + shown(call.path));
  } else {
    call.http_status = 405;
    call.allow = allow_list(std::move(methods));
    call.status = unimplemented("the path " + shown(call.path) + " has no " + shown(head.method) +
                                "; it has " + call.allow);
  }
}

/// Why the content is not what the rule takes; OK where it is, or its type is not said.
Status check_content_type(const BoundRule& rule, MethodKind kind, std::string_view type) {
  if (rule.body == BoundRule::Body::None || rule.has_raw_content() || type.empty()) return {};
  const bool streams = streams_requests(kind);
  if (streams ? is_lines(type) : is_json(type)) return {};
  return invalid_argument("the content type " + shown(type) + " is not application/" +
                          (streams ? "x-ndjson, a line of JSON for each message" : "json"));
}

/// Whether a call can be served by the rule; sets the status where not.
bool check_rule(CallRequest& call, const BoundRule& rule, const rpc::HttpHead& head) {
  const MethodKind kind = call.route->method->kind;
  if (Status path = check_path(head.path_only()); !path.ok()) {
    call.status = std::move(path);
  } else if (kind == MethodKind::BidiStreaming && head.version != rpc::HttpVersion::Http2) {
    // Most clients of HTTP/1.1 read nothing before they have sent all, so both sides could wait for
    // each other for ever.
    call.http_status = 505;
    call.status = unimplemented("the method " + std::string(call.path) +
                                " streams both ways, which needs HTTP/2");
  } else if (Status type = check_content_type(rule, kind, head.field("content-type")); !type.ok()) {
    call.http_status = 415;
    call.status = std::move(type);
  }
  return call.status.ok();
}

/// Requests of a stream are read as they come, and what compresses them is one whole.
Status check_encoding(const CallRequest& call, const BoundRule& rule) {
  if (call.compression == Compression::Identity || rule.body == BoundRule::Body::None ||
      !streams_requests(call.route->method->kind)) {
    return {};
  }
  return unimplemented("content-encoding " + shown(name_of(call.compression)) +
                       ": requests of a stream are not compressed");
}

StreamForm form_of(const BoundRule& rule, const rpc::HttpHead& head) {
  if (rule.has_raw_response()) return StreamForm::Raw;
  // Who sends lines reads lines.
  const bool both = rule.route->method->kind == MethodKind::BidiStreaming;
  return accepted_form(head, both ? StreamForm::Lines : StreamForm::Array);
}

}  // namespace

RestRequest read_rest_request(const rpc::HttpHead& head, const RestRules& rules,
                              const rpc::Dispatcher& dispatcher, const JsonOptions& options) {
  RestRequest request;
  CallRequest& call = request.call;
  const std::string_view path = head.path_only();
  call.protocol = Protocol::Rest;
  call.format = "json";
  call.path = path;
  RestRules::Match match = rules.find(head.method, path);
  if (match.rule == nullptr) {
    refuse(call, head, std::move(match.methods));
    return request;
  }
  request.rule = match.rule;
  request.form = form_of(*match.rule, head);
  call.route = match.rule->route;
  call.path = call.route->method->path;
  if (!check_rule(call, *match.rule, head)) return request;
  codec::ThreadBuffer<codec::BufferUse::Wire> wire;
  Parameters parameters(*match.rule, options.read, *wire);
  // The path comes last, so that it counts.
  call.status = parameters.add_query(head.query());
  if (call.status.ok()) call.status = parameters.add_path(path, match.verb);
  if (!call.status.ok()) return request;
  request.parameters = wire->view();
  call.status = read_fields(call, head, dispatcher.rules());
  if (call.status.ok()) call.status = check_encoding(call, *match.rule);
  return request;
}

}  // namespace weft::edge::rest
