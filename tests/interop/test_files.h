#pragma once

#include <cstdlib>
#include <string>

#include "weft/base/result.h"

namespace weft::interop {

/// The directory of the test certificates, where the flags name no files: ca.pem, server1.pem and
/// server1.key, as gRPC's project and make_certificates.sh call them.
inline constexpr const char* kCertificatesVariable = "WEFT_INTEROP_CERTS";

/// `given`, or the file `name` of the test certificates; INVALID_ARGUMENT naming `flag` without
/// either.
inline Result<std::string> test_file(const std::string& given, const std::string& flag,
                                     const std::string& name) {
  if (!given.empty()) return given;
  const char* directory = std::getenv(kCertificatesVariable);
  if (directory != nullptr && *directory != '\0') return std::string(directory) + "/" + name;
  return invalid_argument(flag + " FILE is missing, and " + kCertificatesVariable +
                          " does not say in which directory " + name + " is");
}

}  // namespace weft::interop
