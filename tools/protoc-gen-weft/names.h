#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>

namespace weft::generator {

/// Whether `name` cannot be an identifier in C++: a keyword, or a macro of the system's headers.
bool is_reserved_word(std::string_view name);

/// The namespace of a file's package, as protobuf writes it: "a::b"; empty without a package.
std::string namespace_of(const google::protobuf::FileDescriptor& file);

/// What is generated for a service: three classes, a fourth where calls as values are asked for,
/// and the constants of the .cc file.
struct ServiceNames {
  std::string service;          ///< "GreeterService"
  std::string client;           ///< "GreeterClient"
  std::string blocking_client;  ///< "GreeterBlockingClient"
  std::string calls;            ///< "GreeterCalls"
  std::string methods;          ///< "kGreeterMethods"
  std::string descriptor;       ///< "kGreeterDescriptor"
};

/// The names for the services of a file, in order. A name gets as many underscores as keep it apart
/// from what protobuf generates in the same namespace for this file and its imports, from the
/// classes of other services there, and from namespaces.
std::vector<ServiceNames> service_names(const google::protobuf::FileDescriptor& file);

/// The names of the functions for a service's methods, in order. A method keeps the name it has in
/// the .proto unless C++ reserves it or `taken` (names of the generated classes) has it; then
/// underscores are appended until no method of the service has that name.
std::vector<std::string> method_names(const google::protobuf::ServiceDescriptor& service,
                                      const std::vector<std::string>& taken);

/// protobuf's way of making an identifier of a file name: "a/b.proto" is a_2fb_2eproto.
std::string file_identifier(std::string_view name);

}  // namespace weft::generator
