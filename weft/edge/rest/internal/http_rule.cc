#include "weft/edge/rest/internal/http_rule.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "weft/codec/schema/wire.h"

namespace weft::edge::rest {
namespace {

using codec::WireReader;
using codec::WireType;

/// The extension of MethodOptions in google/api/annotations.proto.
constexpr std::uint32_t kHttp = 72295728;

/// The fields of HttpRule in google/api/http.proto.
enum Field : std::uint32_t {
  kGet = 2,
  kPut = 3,
  kPost = 4,
  kDelete = 5,
  kPatch = 6,
  kBody = 7,
  kCustom = 8,
  kAdditionalBindings = 11,
  kResponseBody = 12,
};

std::string_view method_of(std::uint32_t field) noexcept {
  switch (field) {
    case kGet:
      return "GET";
    case kPut:
      return "PUT";
    case kPost:
      return "POST";
    case kDelete:
      return "DELETE";
    case kPatch:
      return "PATCH";
    default:
      return {};
  }
}

/// Calls `take` with the number and content of each field that has a length.
template <class Take>
bool for_each_sized(std::string_view bytes, Take take) {
  for (WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire)) return false;
    std::string_view content;
    if (wire != WireType::Bytes) {
      if (!reader.skip(number, wire)) return false;
    } else if (!reader.sized(content) || !take(number, content)) {
      return false;
    }
  }
  return true;
}

/// CustomHttpPattern: the method and the path.
bool read_custom(std::string_view bytes, HttpRule& rule) {
  return for_each_sized(bytes, [&rule](std::uint32_t number, std::string_view content) {
    if (number == 1) rule.method = content;
    if (number == 2) rule.path = content;
    return true;
  });
}

/// False for bytes that are no rule; `bindings` gets the additional ones.
bool read_rule(std::string_view bytes, HttpRule& rule, std::vector<std::string_view>& bindings) {
  return for_each_sized(bytes, [&](std::uint32_t number, std::string_view content) {
    if (const std::string_view method = method_of(number); !method.empty()) {
      rule.method = method;
      rule.path = content;
    } else if (number == kBody) {
      rule.body = content;
    } else if (number == kResponseBody) {
      rule.response_body = content;
    } else if (number == kAdditionalBindings) {
      bindings.push_back(content);
    } else if (number == kCustom) {
      return read_custom(content, rule);
    }
    return true;
  });
}

Status check(const HttpRule& rule) {
  if (rule.path.empty()) return invalid_argument("a rule has no path");
  if (rule.method.empty()) return invalid_argument("the rule of " + rule.path + " has no method");
  if (!rule.body.empty() && (rule.method == "GET" || rule.method == "HEAD")) {
    return invalid_argument("the rule of " + rule.path + " has a body, which " + rule.method +
                            " has not");
  }
  return {};
}

}  // namespace

Result<std::vector<HttpRule>> rules_of(const google::protobuf::MethodDescriptor& method) {
  std::string option;  // the bytes of its occurrences, which are merged
  const std::string options = method.options().SerializeAsString();
  static_cast<void>(for_each_sized(options, [&](std::uint32_t number, std::string_view content) {
    if (number == kHttp) option += content;
    return true;
  }));
  std::vector<HttpRule> rules;
  if (option.empty()) return rules;
  std::vector<std::string_view> bindings;
  bool sound = read_rule(option, rules.emplace_back(), bindings);
  for (const std::string_view binding : bindings) {
    std::vector<std::string_view> nested;
    sound = sound && read_rule(binding, rules.emplace_back(), nested);
    if (!nested.empty()) {
      return invalid_argument("an additional binding has additional bindings of its own");
    }
  }
  if (!sound) return invalid_argument("the option google.api.http is no google.api.HttpRule");
  for (const HttpRule& rule : rules) {
    if (Status status = check(rule); !status.ok()) return status;
  }
  return rules;
}

}  // namespace weft::edge::rest
