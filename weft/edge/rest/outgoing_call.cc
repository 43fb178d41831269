#include "weft/edge/rest/outgoing_call.h"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "weft/codec/json/json.h"
#include "weft/codec/schema/tables.h"
#include "weft/edge/rest/internal/bound_rule.h"
#include "weft/edge/rest/internal/value_text.h"

namespace weft::edge {
namespace {

namespace pb = google::protobuf;
using rest::BoundRule;
using rest::FieldChain;
using rest::PathTemplate;
using Segment = PathTemplate::Segment;

Status no_form(const std::string& what) { return invalid_argument(what); }

/// Takes segments of a variable's text.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : rest_(text) {}
  bool at_end() const noexcept { return !rest_; }
  std::string_view next() {
    const std::string_view piece = rest_->substr(0, rest_->find('/'));
    if (piece.size() == rest_->size()) {
      rest_.reset();
    } else {
      rest_->remove_prefix(piece.size() + 1);
    }
    return piece;
  }

 private:
  std::optional<std::string_view> rest_;
};

/// No client and no server takes these for names.
bool is_name(std::string_view piece) noexcept {
  return !piece.empty() && piece != "." && piece != "..";
}

/// Appends a variable of several segments; false where its text does not fit them.
bool put_segments(const PathTemplate& path, const PathTemplate::Variable& variable,
                  std::string_view text, std::string& out) {
  Pieces pieces(text);
  const auto put = [&out](std::string_view piece) {
    out.append("/").append(rest::url_escaped(piece));
    return is_name(piece);
  };
  for (std::size_t i = variable.begin; i < variable.end; ++i) {
    const Segment& segment = path.segments[i];
    if (segment.kind == PathTemplate::Kind::Rest) {
      // It may be none, whose text is empty where nothing is before it.
      if (text.empty() && i == variable.begin) return true;
      while (!pieces.at_end()) {
        if (!put(pieces.next())) return false;
      }
      return true;
    }
    if (pieces.at_end()) return false;
    const std::string_view piece = pieces.next();
    if (segment.kind == PathTemplate::Kind::Literal && piece != segment.text) return false;
    if (!put(piece)) return false;
  }
  return pieces.at_end();
}

/// Writes a message as one rule says, and takes out of it what path and content have.
class Writer {
 public:
  Writer(const BoundRule& rule, const pb::Message& message) : rule_(rule), left_(message.New()) {
    left_->CopyFrom(message);
  }

  Result<OutgoingCall> write() {
    out_.method = rule_.method;
    const bool has_content = rule_.body != BoundRule::Body::None;
    if (rule_.method == "*") out_.method = has_content ? "POST" : "GET";
    Status status = put_path();
    if (status.ok()) status = put_content();
    if (status.ok() && rule_.body != BoundRule::Body::Whole) status = put_query(*left_, "");
    if (!status.ok()) return status;
    return std::move(out_);
  }

 private:
  Status put_path() {
    std::size_t next = 0;
    const std::vector<Segment>& segments = rule_.path.segments;
    for (std::size_t i = 0; i < segments.size();) {
      const bool in_variable =
          next < rule_.variables.size() && rule_.path.variables[next].begin == i;
      Status status = in_variable ? put_variable(next) : put_segment(segments[i]);
      if (!status.ok()) return status;
      i = in_variable ? rule_.path.variables[next++].end : i + 1;
    }
    if (out_.target.empty()) out_.target = "/";
    if (!rule_.path.verb.empty()) out_.target.append(":").append(rule_.path.verb);
    for (const FieldChain& field : rule_.variables) take_out(*left_, field, 0);
    return {};
  }

  Status put_segment(const Segment& segment) {
    if (segment.kind == PathTemplate::Kind::Rest) return {};
    if (segment.kind == PathTemplate::Kind::One) {
      return no_form("the path of the rule has a * that no field stands for");
    }
    out_.target.append("/").append(rest::url_escaped(segment.text));
    return {};
  }

  Status put_variable(std::size_t index) {
    const PathTemplate::Variable& variable = rule_.path.variables[index];
    const FieldChain& field = rule_.variables[index];
    const pb::Message* holder = left_.get();
    for (std::size_t i = 0; i + 1 < field.size(); ++i) {
      holder = &holder->GetReflection()->GetMessage(*holder, field[i]->descriptor);
    }
    const Result<std::string> text =
        rest::value_text(*holder, *field.back()->descriptor, rest::kSingle);
    if (!text.ok()) return text.status();
    const bool put =
        variable.several ? put_segments(rule_.path, variable, *text, out_.target) : is_name(*text);
    if (!put) {
      return no_form("the field " + variable.field + ", " + rest::shown(*text) +
                     ", does not fit its place in the path");
    }
    if (!variable.several) out_.target.append("/").append(rest::url_escaped(*text));
    return {};
  }

  /// Clears a field, and the messages it lies in where nothing else is in them.
  static void take_out(pb::Message& holder, const FieldChain& field, std::size_t depth) {
    const pb::Reflection& reflection = *holder.GetReflection();
    const pb::FieldDescriptor* const part = field[depth]->descriptor;
    if (depth + 1 < field.size()) {
      if (!reflection.HasField(holder, part)) return;
      pb::Message& inner = *reflection.MutableMessage(&holder, part);
      take_out(inner, field, depth + 1);
      if (inner.ByteSizeLong() != 0) return;
    }
    reflection.ClearField(&holder, part);
  }

  Status put_content() {
    if (rule_.body == BoundRule::Body::None) return {};
    if (rule_.has_raw_content()) return put_raw_content();
    out_.content_type = "application/json";
    const bool whole = rule_.body == BoundRule::Body::Whole;
    Result<std::string> json =
        whole ? to_json(*left_) : rest::field_json(*left_, *rule_.body_field->descriptor);
    if (!json.ok()) return json.status();
    out_.content = *std::move(json);
    if (!whole) left_->GetReflection()->ClearField(left_.get(), rule_.body_field->descriptor);
    return {};
  }

  /// google.api.HttpBody: content_type, data.
  Status put_raw_content() {
    const pb::Message& body =
        rule_.body_field == nullptr
            ? *left_
            : left_->GetReflection()->GetMessage(*left_, rule_.body_field->descriptor);
    const pb::Descriptor& type = *body.GetDescriptor();
    const pb::Reflection& reflection = *body.GetReflection();
    const auto* const content_type = type.FindFieldByName("content_type");
    const auto* const data = type.FindFieldByName("data");
    if (content_type == nullptr || data == nullptr) {
      return no_form("the type google.api.HttpBody is not the usual one");
    }
    out_.content_type = reflection.GetString(body, content_type);
    if (out_.content_type.empty()) out_.content_type = "application/octet-stream";
    out_.content = reflection.GetString(body, data);
    if (rule_.body_field != nullptr) {
      left_->GetReflection()->ClearField(left_.get(), rule_.body_field->descriptor);
    }
    return {};
  }

  Status put_query(const pb::Message& message, const std::string& prefix) {
    std::vector<const pb::FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const pb::FieldDescriptor* field : fields) {
      if (Status status = put_parameter(message, *field, prefix + field->name()); !status.ok()) {
        return status;
      }
    }
    return {};
  }

  Status put_parameter(const pb::Message& holder, const pb::FieldDescriptor& field,
                       const std::string& name) {
    const pb::Reflection& reflection = *holder.GetReflection();
    const Result<FieldChain> chain = rest::find_field(*rule_.request, name);
    if (!chain.ok()) return chain.status();
    if (!rest::is_leaf(*chain->back()) && !field.is_repeated()) {
      const pb::Message& inner = reflection.GetMessage(holder, &field);
      if (inner.ByteSizeLong() != 0) return put_query(inner, name + ".");
      return no_form("the field " + name + " is an empty message, which a query has no form for");
    }
    if (Status status = rule_.check_parameter(*chain); !status.ok()) {
      return status.with_prefix("the field " + name);
    }
    const int count = field.is_repeated() ? reflection.FieldSize(holder, &field) : 1;
    for (int i = 0; i < count; ++i) {
      const Result<std::string> text =
          rest::value_text(holder, field, field.is_repeated() ? i : rest::kSingle);
      if (!text.ok()) return text.status();
      out_.target.append(std::exchange(has_query_, true) ? "&" : "?");
      out_.target.append(name).append("=").append(rest::url_escaped(*text));
    }
    return {};
  }

  const BoundRule& rule_;
  const std::unique_ptr<pb::Message> left_;  // what the request does not say yet
  OutgoingCall out_;
  bool has_query_ = false;
};

}  // namespace

Result<OutgoingCall> outgoing_call(const pb::MethodDescriptor& method, const pb::Message& message,
                                   const codec::Tables& tables) {
  const Result<std::vector<rest::HttpRule>> rules = rest::rules_of(method);
  if (!rules.ok()) return rules.status();
  if (rules->empty()) {
    return not_found(method.full_name() + " has no path of its own: no option google.api.http");
  }
  Status first;
  for (const rest::HttpRule& rule : *rules) {
    const Result<BoundRule> bound = rest::bind(rule, method, tables);
    if (!bound.ok()) return bound.status();
    Result<OutgoingCall> call = Writer(*bound, message).write();
    if (call.ok()) return call;
    if (first.ok()) first = call.status().with_prefix(rule.method + " " + rule.path);
  }
  return first;
}

}  // namespace weft::edge
