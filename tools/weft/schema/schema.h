#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "weft/base/result.h"
#include "weft/codec/schema/tables.h"
#include "weft/rpc/call/method.h"

namespace weft::cli {

/// A method as it is called: its descriptor, and what the call needs of it.
struct Method {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  std::string path;  ///< "/pkg.Service/Method"

  MethodKind kind() const noexcept;
  /// Refers to this object.
  weft::MethodDescriptor call_descriptor() const noexcept;
};

/// What a server names but has no usable descriptors of, and why.
struct LeftOut {
  std::map<std::string, std::string, std::less<>> reasons;  ///< by full name
  bool empty() const noexcept { return reasons.empty(); }
};

/// The types that are known of a server, from its reflection or from .proto files.
class Schema {
 public:
  /// `files`: names of files of `pool`, what there is to be described.
  Schema(std::shared_ptr<const google::protobuf::DescriptorPool> pool,
         std::vector<std::string> services, std::vector<std::string> files, LeftOut left_out = {});

  const google::protobuf::DescriptorPool& pool() const noexcept { return *pool_; }
  /// Full names.
  const std::vector<std::string>& services() const noexcept { return services_; }
  /// Full names of the services, messages and enums of the files, for suggestions.
  std::vector<std::string> symbols() const;
  /// Of the types, for JSON.
  const codec::Tables& tables() const noexcept { return *tables_; }

  /// OK, or FAILED_PRECONDITION with the reason why `name`, which the server has, cannot be used.
  Status usable(std::string_view name) const;

  /// As usable(), or INVALID_ARGUMENT naming what was not found and what is near it.
  Result<const google::protobuf::ServiceDescriptor*> service(const std::string& name) const;
  Result<Method> method(const std::string& service, const std::string& method) const;

 private:
  std::shared_ptr<const google::protobuf::DescriptorPool> pool_;
  std::vector<std::string> services_;
  std::vector<std::string> files_;
  std::unique_ptr<const codec::Tables> tables_;
  LeftOut left_out_;
};

/// "pkg.Service" and "Method".
struct MethodName {
  std::string service;
  std::string method;
};

/// Reads "pkg.Service/Method", with or without a slash in front, or "pkg.Service.Method".
/// INVALID_ARGUMENT with the text otherwise.
Result<MethodName> parse_method_name(std::string_view text);

}  // namespace weft::cli
