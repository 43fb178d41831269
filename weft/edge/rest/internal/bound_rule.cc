#include "weft/edge/rest/internal/bound_rule.h"

#include <algorithm>
#include <utility>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"
#include "weft/codec/schema/tables.h"

namespace weft::edge::rest {
namespace {

using codec::FieldKind;
using codec::FieldTable;
using codec::MessageTable;
using codec::WellKnown;

bool is_message(const FieldTable& field) noexcept {
  return field.kind == FieldKind::Message || field.kind == FieldKind::Group;
}

/// Why a field's value is no text; empty where it is one.
std::string_view why_no_text(const FieldTable& field) {
  if (field.map) return "is a map";
  if (is_message(field) && !is_leaf(field)) return "is a message";
  return {};
}

/// Of the whole message, or of `field`.
bool is_http_body(const MessageTable& table, const FieldTable* field) {
  if (field != nullptr && (field->kind != FieldKind::Message || field->repeated)) return false;
  const MessageTable& held = field == nullptr ? table : field->message();
  return held.type().full_name() == "google.api.HttpBody";
}

Status bind_variables(BoundRule& rule) {
  for (const PathTemplate::Variable& variable : rule.path.variables) {
    Result<FieldChain> field = find_field(*rule.request, variable.field);
    if (!field.ok()) return field.status();
    std::string_view why = why_no_text(*field->back());
    if (field->back()->repeated) why = "is repeated";
    if (!why.empty()) {
      return invalid_argument("the field " + variable.field + " " + std::string(why) +
                              ", which the path has no form for");
    }
    if (std::find(rule.variables.begin(), rule.variables.end(), *field) != rule.variables.end()) {
      return invalid_argument("the field " + variable.field + " is in the path twice");
    }
    rule.variables.push_back(*std::move(field));
  }
  return {};
}

Status bind_body(const std::string& name, BoundRule& rule) {
  if (name.empty()) return {};
  if (name == "*") {
    rule.body = BoundRule::Body::Whole;
    return {};
  }
  rule.body = BoundRule::Body::Field;
  rule.body_field = rule.request->by_name(name);
  if (rule.body_field != nullptr) return {};
  return invalid_argument("body: " + shown(name) + " is no field of " +
                          rule.request->type().full_name());
}

/// google.aip.dev/134: the field that says which fields of a PATCH's body count.
void bind_mask(BoundRule& rule) {
  if (rule.method != "PATCH" || rule.body != BoundRule::Body::Field) return;
  const FieldTable& body = *rule.body_field;
  if (body.kind != FieldKind::Message || body.repeated ||
      body.message().well_known() != WellKnown::None || is_http_body(*rule.request, &body)) {
    return;
  }
  const FieldTable* const mask = rule.request->by_name("update_mask");
  const bool is_mask = mask != nullptr && mask->kind == FieldKind::Message && !mask->repeated &&
                       mask->message().well_known() == WellKnown::FieldMask;
  if (is_mask) rule.mask_field = mask;
}

}  // namespace

std::string shown(std::string_view text) { return "'" + printable(text.substr(0, 256)) + "'"; }

bool is_leaf(const FieldTable& field) {
  if (field.kind == FieldKind::Group) return false;
  if (field.kind != FieldKind::Message) return true;
  switch (field.message().well_known()) {
    case WellKnown::Timestamp:
    case WellKnown::Duration:
    case WellKnown::FieldMask:
    case WellKnown::Wrapper:
      return true;
    default:
      return false;
  }
}

Result<FieldChain> find_field(const MessageTable& table, std::string_view name) {
  FieldChain chain;
  const MessageTable* holder = &table;
  for (std::string_view rest = name;;) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    const FieldTable* field = holder->by_name(part);
    if (field == nullptr) {
      return invalid_argument("there is no field " + shown(part) + " in " +
                              holder->type().full_name());
    }
    if (chain.size() == kDeepestField) {
      return invalid_argument("the field " + shown(name) + " lies deeper than " +
                              std::to_string(kDeepestField) + " messages");
    }
    chain.push_back(field);
    if (part.size() == rest.size()) return chain;
    if (field->repeated || field->kind != FieldKind::Message) {
      return invalid_argument("the field " + shown(part) + " of " + shown(name) +
                              " is no single message");
    }
    holder = &field->message();
    rest.remove_prefix(part.size() + 1);
  }
}

std::string name_of(const FieldChain& field) {
  std::string name;
  for (const FieldTable* part : field) {
    if (!name.empty()) name += '.';
    name += part->name;
  }
  return name;
}

bool BoundRule::has_raw_content() const {
  return body != Body::None && is_http_body(*request, body_field);
}

bool BoundRule::has_raw_response() const { return is_http_body(*response, response_field); }

Status BoundRule::check_parameter(const FieldChain& field) const {
  if (body == Body::Whole) return invalid_argument("all fields are in the content");
  if (body == Body::Field && field.front() == body_field) {
    return invalid_argument("it is in the content");
  }
  for (const FieldChain& variable : variables) {
    if (variable == field) return invalid_argument("it is in the path");
  }
  const std::string_view why = why_no_text(*field.back());
  if (why.empty()) return {};
  return invalid_argument("it " + std::string(why) + ", which a query has no form for");
}

Result<BoundRule> bind(const HttpRule& rule, const google::protobuf::MethodDescriptor& method,
                       const codec::Tables& tables) {
  BoundRule bound;
  bound.request = &tables.of(*method.input_type());
  bound.response = &tables.of(*method.output_type());
  bound.method = rule.method;
  Result<PathTemplate> path = PathTemplate::parse(rule.path);
  if (!path.ok()) return path.status();
  bound.path = *std::move(path);
  if (Status status = bind_variables(bound); !status.ok()) return status;
  if (Status status = bind_body(rule.body, bound); !status.ok()) return status;
  bind_mask(bound);
  if (rule.response_body.empty()) return bound;
  bound.response_field = bound.response->by_name(rule.response_body);
  if (bound.response_field != nullptr) return bound;
  return invalid_argument("response_body: " + shown(rule.response_body) + " is no field of " +
                          bound.response->type().full_name());
}

}  // namespace weft::edge::rest
