#pragma once

#include <string_view>

namespace weft::edge {

struct MediaType {
  std::string_view name;      ///< as Content-Type has it
  bool is_compressed = true;  ///< gzip makes nothing of it
};

/// By the ending of a file's name; "application/octet-stream" where it is not known.
MediaType media_type_of(std::string_view file_name) noexcept;

}  // namespace weft::edge
