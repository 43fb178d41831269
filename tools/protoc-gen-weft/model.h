#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "tools/protoc-gen-weft/names.h"
#include "tools/protoc-gen-weft/private_copy.h"

namespace weft::generator {

/// What the printers need to know of a method; types and names are C++'s.
struct MethodModel {
  enum class Kind : std::uint8_t { Unary, ClientStreaming, ServerStreaming, BidiStreaming };

  std::string proto_name;
  std::string name;
  Kind kind = Kind::Unary;
  std::string request;
  std::string response;
  std::string comment;
  bool idempotent = false;
  bool no_side_effects = false;
  bool deprecated = false;

  bool takes_one_request() const { return kind == Kind::Unary || kind == Kind::ServerStreaming; }
  bool gives_one_response() const { return kind == Kind::Unary || kind == Kind::ClientStreaming; }
};

struct ServiceModel {
  std::string full_name;  ///< "hello.Greeter", as on the wire
  ServiceNames names;
  std::string comment;
  std::vector<MethodModel> methods;
  bool deprecated = false;

  bool has_unary() const noexcept {
    return std::ranges::any_of(
        methods, [](const MethodModel& method) { return method.kind == MethodModel::Kind::Unary; });
  }
};

struct FileModel {
  std::string proto;       ///< "dir/hello.proto"
  std::string base;        ///< "dir/hello"
  std::string name_space;  ///< "a::b"; empty without a package
  std::vector<ServiceModel> services;
  /// Statements that return the file's descriptor.
  std::string descriptor_code;
  bool is_private_copy = false;
  bool has_unary = false;
  bool has_streams = false;
  bool has_single_response = false;
  bool has_deprecated = false;
  bool makes_calls = false;  ///< a class of calls as values is asked for

  bool has_calls() const noexcept { return makes_calls && has_unary; }
};

FileModel model_of(const google::protobuf::FileDescriptor& file, const PrivateCopy& copy);

}  // namespace weft::generator
