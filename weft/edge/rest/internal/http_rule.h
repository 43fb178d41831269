#pragma once

#include <string>
#include <vector>

#include "weft/base/result.h"

namespace google::protobuf {
class MethodDescriptor;
}

namespace weft::edge::rest {

/// A google.api.HttpRule, as a .proto file has it.
struct HttpRule {
  std::string method;  ///< "GET", or what `custom` names; "*": any
  std::string path;
  std::string body;           ///< "*", a field, or empty: none
  std::string response_body;  ///< a field, or empty: the whole
};

/// The rules of a method's option google.api.http: the rule and its additional bindings. None where
/// it has no such option. INVALID_ARGUMENT for one that says nothing, or too much.
///
/// The option is read from its bytes, so a program may have its own google/api/annotations.proto,
/// of any version, or a descriptor without it.
Result<std::vector<HttpRule>> rules_of(const google::protobuf::MethodDescriptor& method);

}  // namespace weft::edge::rest
