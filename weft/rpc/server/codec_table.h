#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/status.h"
#include "weft/codec/codec.h"

namespace weft::rpc {

/// The formats that a server speaks beside protobuf. Filled before the server starts, then only
/// read, by all loops.
class CodecTable {
 public:
  struct Served {
    std::shared_ptr<const Codec> codec;
    std::string content_type;  ///< "application/grpc+json"
  };

  /// ALREADY_EXISTS when there is one of that name; INVALID_ARGUMENT when it has none that may be.
  Status add(std::shared_ptr<const Codec> codec);
  /// By content subtype, without case; null: it is not served. Valid for as long as the table.
  const Served* find(std::string_view subtype) const noexcept;
  /// UNIMPLEMENTED: what was asked for, and what is served.
  Status not_served(std::string_view content_type) const;

 private:
  std::vector<Served> served_;
};

}  // namespace weft::rpc
