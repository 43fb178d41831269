#pragma once

#include <string>

#include <google/protobuf/descriptor.h>

namespace weft::generator {

/// Code for a copy of a .proto file that a library keeps to itself: the copy's package and path
/// begin with a prefix that the wire and reflection do not show, so that programs may link the code
/// of the original beside it.
struct PrivateCopy {
  std::string prefix;  ///< a package's first part; empty: no copy

  bool is_made() const noexcept { return !prefix.empty(); }
  /// "grpc.health.v1.Health" of "weft_wire.grpc.health.v1.Health"; other names stay.
  std::string wire_name(const std::string& full_name) const;
  /// Statements that return the original's descriptor, which the code brings along: what is made
  /// for the lite runtime registers none. Empty for a file that imports others.
  std::string descriptor_code(const google::protobuf::FileDescriptor& file) const;
};

}  // namespace weft::generator
