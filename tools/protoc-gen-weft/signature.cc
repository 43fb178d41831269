#include "tools/protoc-gen-weft/signature.h"

#include <vector>

namespace weft::generator {
namespace {

using Kind = MethodModel::Kind;

std::string result_of(const std::string& type) { return "::weft::Result<" + type + ">"; }

// "Reader<Res>", "Writer<Req, Res>" or "ReaderWriter<Req, Res>".
std::string stream_of(const MethodModel& method) {
  const std::string both = "<" + method.request + ", " + method.response + ">";
  switch (method.kind) {
    case Kind::ServerStreaming:
      return "Reader<" + method.response + ">";
    case Kind::ClientStreaming:
      return "Writer" + both;
    default:
      return "ReaderWriter" + both;
  }
}

// A declaration stands in a class, a definition does not.
const char* const kDeclared = ",\n      ";
const char* const kDefined = ",\n    ";

using Parameters = std::vector<std::string>;

Parameters handler_parameters(const MethodModel& method) {
  Parameters list{"::weft::ServerContext& context"};
  list.push_back(method.takes_one_request() ? "const " + method.request + "& request"
                                            : "::weft::Reader<" + method.request + ">& reader");
  if (!method.gives_one_response()) {
    list.push_back("::weft::Writer<" + method.response + ">& writer");
  }
  return list;
}

Parameters client_parameters(const MethodModel& method) {
  Parameters list;
  if (method.takes_one_request()) list.push_back("const " + method.request + "& request");
  list.emplace_back("const ::weft::CallOptions& options");
  return list;
}

std::string join(const Parameters& list, const char* separator_of_lines) {
  constexpr std::size_t kLineLimit = 90;
  std::size_t length = 0;
  for (const std::string& parameter : list) length += parameter.size() + 2;
  std::string text;
  for (const std::string& parameter : list) {
    if (!text.empty()) text += length > kLineLimit ? separator_of_lines : ", ";
    text += parameter;
  }
  return text;
}

}  // namespace

std::string return_type(const MethodModel& method, Role role) {
  if (role == Role::Handler) {
    const std::string type =
        method.gives_one_response() ? result_of(method.response) : "::weft::Status";
    return "::weft::Task<" + type + ">";
  }
  if (role == Role::Calls) return "::weft::UnaryRequest<" + method.response + ">";
  if (role == Role::BlockingClient) {
    return method.kind == Kind::Unary ? result_of(method.response)
                                      : "::weft::Blocking" + stream_of(method);
  }
  return method.kind == Kind::Unary
             ? "::weft::Task<" + result_of(method.response) + ">"
             : "::weft::rpc::OpenStream<::weft::Client" + stream_of(method) + ">";
}

std::string declared_parameters(const MethodModel& method, Role role) {
  if (role == Role::Calls) return defined_parameters(method, role);
  return role == Role::Handler ? join(handler_parameters(method), kDeclared)
                               : join(client_parameters(method), kDeclared) + " = {}";
}

std::string defined_parameters(const MethodModel& method, Role role) {
  if (role == Role::Calls) return "const " + method.request + "& request";
  if (role != Role::Handler) return join(client_parameters(method), kDefined);
  // A handler that is not implemented uses none of its parameters.
  Parameters list = handler_parameters(method);
  for (std::string& parameter : list) parameter.resize(parameter.rfind(' '));
  return join(list, kDefined);
}

}  // namespace weft::generator
