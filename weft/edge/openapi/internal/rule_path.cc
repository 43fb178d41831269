#include "weft/edge/openapi/internal/rule_path.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "weft/base/text/ascii.h"

namespace weft::edge::api {
namespace {

using rest::PathTemplate;

/// A literal as a path has it, where braces are not of OpenAPI.
std::string escaped(std::string_view literal) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@";
  std::string text;
  for (const char c : literal) {
    if (ascii::is_alphanumeric(c) || kPlain.find(c) != std::string_view::npos) {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return text;
}

std::string_view shape(const PathTemplate::Segment& segment) {
  switch (segment.kind) {
    case PathTemplate::Kind::One:
      return "*";
    case PathTemplate::Kind::Rest:
      return "**";
    default:
      return segment.text;
  }
}

/// "shelves/*/books/*"
std::string shape(const PathTemplate& path, const PathTemplate::Variable& variable) {
  std::string text;
  for (std::size_t i = variable.begin; i < variable.end; ++i) {
    if (!text.empty()) text += '/';
    text += shape(path.segments[i]);
  }
  return text;
}

/// The segments of a path from `begin` to `end` that vary.
std::size_t varying(const PathTemplate& path, std::size_t begin, std::size_t end) {
  std::size_t count = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if (path.segments[i].kind != PathTemplate::Kind::Literal) ++count;
  }
  return count;
}

RulePath::Parameter parameter_at(const rest::BoundRule& rule, std::size_t at) {
  const PathTemplate& path = rule.path;
  const bool is_rest = path.segments[at].kind == PathTemplate::Kind::Rest;
  RulePath::Parameter parameter;
  const auto variable =
      std::find_if(path.variables.begin(), path.variables.end(),
                   [at](const auto& one) { return one.begin <= at && at < one.end; });
  if (variable == path.variables.end()) {
    parameter.name = "segment_" + std::to_string(varying(path, 0, at) + 1);
    parameter.description = "A part of the path that names no field";
  } else {
    const auto index = static_cast<std::size_t>(variable - path.variables.begin());
    parameter.name = rest::name_of(rule.variables[index]);
    if (varying(path, variable->begin, variable->end) > 1) {
      parameter.name += "_" + std::to_string(varying(path, variable->begin, at) + 1);
    }
    if (variable->end - variable->begin == 1 && !is_rest) {
      parameter.field = rule.variables[index].back();
    } else {
      parameter.description =
          "A part of " + variable->field + ", which is " + shape(path, *variable);
    }
  }
  if (is_rest) parameter.name.insert(0, "+");
  return parameter;
}

}  // namespace

RulePath path_of(const rest::BoundRule& rule) {
  RulePath path;
  for (std::size_t i = 0; i < rule.path.segments.size(); ++i) {
    const PathTemplate::Segment& segment = rule.path.segments[i];
    path.hierarchy += '/';
    if (segment.kind == PathTemplate::Kind::Literal) {
      path.hierarchy += escaped(segment.text);
    } else {
      path.hierarchy += segment.kind == PathTemplate::Kind::Rest ? "{+}" : "{}";
      RulePath::Parameter parameter = parameter_at(rule, i);
      const auto is_taken = [&](const RulePath::Parameter& one) {
        return one.name == parameter.name;
      };
      while (std::any_of(path.parameters.begin(), path.parameters.end(), is_taken)) {
        parameter.name += '_';
      }
      path.parameters.push_back(std::move(parameter));
    }
  }
  if (!rule.path.verb.empty()) path.hierarchy += ":" + escaped(rule.path.verb);
  return path;
}

std::string RulePath::text(const std::vector<Parameter>& names) const {
  std::string text;
  std::size_t next = 0;
  for (std::size_t i = 0; i < hierarchy.size(); ++i) {
    text += hierarchy[i];
    if (hierarchy[i] != '{') continue;
    text += names[next++].name;
    i = hierarchy.find('}', i) - 1;
  }
  return text;
}

}  // namespace weft::edge::api
