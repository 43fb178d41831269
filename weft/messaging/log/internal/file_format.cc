#include "weft/messaging/log/internal/file_format.h"

#include <zlib.h>

#include "weft/messaging/log/internal/little_endian.h"

namespace weft::messaging::stored {

Status check_version(std::string_view bytes, std::uint16_t known, const std::string& path) {
  const auto version = number_at<std::uint16_t>(bytes, kVersionAt);
  if (version <= known) return {};
  return failed_precondition(path + ": its format has version " + std::to_string(version) +
                             ", and this program reads up to version " + std::to_string(known));
}

std::uint32_t checksum(std::string_view bytes, std::uint32_t begin) noexcept {
  return static_cast<std::uint32_t>(
      ::crc32_z(begin, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace weft::messaging::stored
