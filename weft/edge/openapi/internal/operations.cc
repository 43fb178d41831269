#include "weft/edge/openapi/internal/operations.h"

#include <algorithm>
#include <array>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "weft/base/text/ascii.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::edge::api {
namespace {

namespace pb = google::protobuf;
using rest::BoundRule;
using rest::FieldChain;

/// The key of an operation; a method that OpenAPI has no key for is an extension.
std::string key_of(std::string_view method) {
  static constexpr std::array<std::string_view, 8> kKeys = {"get",     "put",  "post",  "delete",
                                                            "options", "head", "patch", "trace"};
  std::string key = ascii::lower(std::string(method));
  if (std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end()) return key;
  return "x-method-" + (key == "*" ? "any" : key);
}

void put_content(JsonText& out, std::string_view type, std::string_view schema) {
  out.key(type).open('{').key("schema").raw(schema).close('}');
}

void put_error(JsonText& out, std::string_view name) {
  out.key("default").ref("responses", name).close('}');
}

/// By the field's own name and its parts.
std::string parameter_name(const FieldChain& chain, const JsonWriteOptions& json) {
  std::string name;
  for (const codec::FieldTable* part : chain) {
    if (!name.empty()) name += '.';
    name += json.declared_names ? part->name : part->json_name;
  }
  return name;
}

/// Whether a field may be followed into: not what holds itself.
bool is_new(const FieldChain& chain, const codec::MessageTable& root,
            const codec::MessageTable& type) {
  if (&root == &type) return false;
  return std::none_of(chain.begin(), chain.end() - 1,
                      [&type](const codec::FieldTable* part) { return &part->message() == &type; });
}

}  // namespace

void Operations::add(const BoundRule& rule, const pb::MethodDescriptor& method,
                     std::string_view id) {
  const RulePath path = path_of(rule);
  const auto [at, is_first] = items_.try_emplace(path.hierarchy);
  PathItem& item = at->second;
  if (is_first) {
    item.path = path.text(path.parameters);
    item.names = path.parameters;
    order_.push_back(path.hierarchy);
  }
  JsonText out;
  put_head(out, method, id);
  put_parameters(out, rule, path, item);
  put_request(out, rule);
  put_responses(out, rule);
  keep(item, key_of(rule.method), std::move(out));
}

void Operations::add_plain(std::string_view path, const pb::MethodDescriptor& method) {
  const auto [at, is_first] = items_.try_emplace(std::string(path));
  PathItem& item = at->second;
  if (is_first) {
    item.path = path;
    order_.emplace_back(path);
  }
  JsonText request;
  schemas_.put(request, *method.input_type());
  JsonText response;
  schemas_.put(response, *method.output_type());
  JsonText out;
  put_head(out, method, std::string(method.full_name()) + ".json");
  out.key("requestBody").open('{').key("required").raw("true").key("content").open('{');
  put_content(out, "application/json", request.view());
  out.close('}').close('}').key("responses").open('{').key("200").open('{');
  out.member("description", "OK").key("content").open('{');
  put_content(out, "application/json", response.view());
  out.close('}').close('}');
  put_error(out, "ConnectError");
  // A method's own path has precedence over a rule with that path.
  keep(item, "post", std::move(out));
}

void Operations::keep(PathItem& item, std::string key, JsonText operation) {
  operation.close('}');
  size_ += operation.size();
  item.operations[std::move(key)] = operation.view();
}

void Operations::put(JsonText& out) const {
  out.open('{');
  for (const std::string& hierarchy : order_) {
    const PathItem& item = items_.find(hierarchy)->second;
    out.key(item.path).open('{');
    for (const auto& [key, operation] : item.operations) out.key(key).raw(operation);
    out.close('}');
  }
  out.close('}');
}

void Operations::put_head(JsonText& out, const pb::MethodDescriptor& method,
                          std::string_view id) const {
  out.open('{').member("operationId", id).key("tags").open('[');
  out.text(std::string(method.service()->full_name())).close(']');
  out.member("summary", std::string(method.name())).described(comments_.of(method));
  if (method.options().deprecated()) out.key("deprecated").raw("true");
}

void Operations::put_parameters(JsonText& out, const BoundRule& rule, const RulePath& path,
                                const PathItem& item) {
  out.key("parameters").open('[');
  for (std::size_t i = 0; i < path.parameters.size(); ++i) {
    put_path_parameter(out, path.parameters[i], item.names[i].name);
  }
  if (rule.body != BoundRule::Body::Whole) put_query(out, rule);
  out.close(']');
}

void Operations::put_path_parameter(JsonText& out, const RulePath::Parameter& parameter,
                                    std::string_view name) {
  std::string description = parameter.description;
  if (parameter.field != nullptr) description = comments_.of(*parameter.field->descriptor);
  if (description.empty() && name != parameter.name) description = "The field " + parameter.name;
  out.open('{').member("name", name).member("in", "path").key("required").raw("true");
  out.described(description).key("schema");
  if (parameter.field == nullptr) {
    out.raw(R"({"type":"string"})");
  } else {
    schemas_.put_element(out, *parameter.field->descriptor);
  }
  out.close('}');
}

void Operations::put_query(JsonText& out, const BoundRule& rule) {
  FieldChain chain;
  std::size_t count = 0;
  looked_at_ = 0;
  put_fields(out, rule, *rule.request, chain, count);
}

/// The fields of a message that a query may have. Of a type that holds itself one level.
void Operations::put_fields(JsonText& out, const BoundRule& rule, const codec::MessageTable& table,
                            FieldChain& chain, std::size_t& count) {
  if (chain.size() >= rest::kDeepestField) return;
  for (std::uint32_t i = 0; i < table.size() && count < kMostParameters; ++i) {
    if (++looked_at_ > kMostLookedAt) return;
    const codec::FieldTable& field = table.field(i);
    chain.push_back(&field);
    if (rule.check_parameter(chain).ok()) {
      ++count;
      out.open('{').member("name", parameter_name(chain, json_)).member("in", "query");
      out.described(comments_.of(*field.descriptor)).key("schema");
      schemas_.put(out, *field.descriptor);
      out.close('}');
    } else if (field.kind == codec::FieldKind::Message && !field.repeated &&
               !rest::is_leaf(field) && &field != rule.body_field &&
               is_new(chain, *rule.request, field.message())) {
      put_fields(out, rule, field.message(), chain, count);
    }
    chain.pop_back();
  }
}

std::string Operations::value_schema(const codec::MessageTable& table,
                                     const codec::FieldTable* field) {
  JsonText schema;
  field == nullptr ? schemas_.put(schema, table.type()) : schemas_.put(schema, *field->descriptor);
  return schema.view();
}

void Operations::put_request(JsonText& out, const BoundRule& rule) {
  if (rule.body == BoundRule::Body::None) return;
  out.key("requestBody").open('{');
  const bool streams = streams_requests(rule.route->method->kind);
  if (streams && !rule.has_raw_content()) out.member("description", "A line for each message");
  out.key("content").open('{');
  if (rule.has_raw_content()) {
    put_content(out, "*/*", "{}");
  } else {
    put_content(out, streams ? "application/x-ndjson" : "application/json",
                value_schema(*rule.request, rule.body_field));
  }
  out.close('}').close('}');
}

void Operations::put_responses(JsonText& out, const BoundRule& rule) {
  const bool streams = streams_responses(rule.route->method->kind);
  out.key("responses").open('{').key("200").open('{');
  out.member("description", streams ? "Messages, as Accept says" : "OK").key("content").open('{');
  if (rule.has_raw_response()) {
    put_content(out, "*/*", "{}");
  } else {
    const std::string one = value_schema(*rule.response, rule.response_field);
    put_content(out, "application/json",
                streams ? "{\"type\":\"array\",\"items\":" + one + "}" : one);
    if (streams) put_content(out, "application/x-ndjson", one);
    if (streams) put_content(out, "text/event-stream", one);
  }
  out.close('}').close('}');
  put_error(out, "Error");
}

}  // namespace weft::edge::api
