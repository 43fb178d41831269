#include "weft/codec/internal/error.h"

#include <string>

namespace weft::codec::internal {

namespace {
std::string subject(std::string_view encoding, std::size_t size) {
  return std::string("a ").append(encoding) + " message of " + std::to_string(size) + " bytes ";
}
}  // namespace

Status broken(std::string_view encoding, std::size_t size, std::string_view reason) {
  return internal_error(subject(encoding, size).append("is broken: ").append(reason));
}

Status beyond_limit(std::string_view encoding, std::size_t size, std::size_t limit) {
  return resource_exhausted(subject(encoding, size) + "decompresses to more than the limit of " +
                            std::to_string(limit) + " bytes");
}

Status library_failed(std::string_view encoding, std::string_view reason) {
  return internal_error(std::string(encoding).append(" failed: ").append(reason));
}

}  // namespace weft::codec::internal
