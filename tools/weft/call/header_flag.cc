#include "tools/weft/call/header_flag.h"

#include <algorithm>
#include <string>

#include <CLI/Error.hpp>

#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::cli {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The alphabet for URLs and file names, in which tokens often come, made the usual one.
std::string in_usual_alphabet(std::string_view base64) {
  std::string out(base64);
  std::replace(out.begin(), out.end(), '-', '+');
  std::replace(out.begin(), out.end(), '_', '/');
  return out;
}

}  // namespace

Status add_header(std::string_view text, Metadata& metadata) {
  const std::string flag = "-H '" + std::string(text) + "': ";
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return invalid_argument(flag + "expected 'name: value'");
  const std::string_view name = trimmed(text.substr(0, colon));
  const std::string_view value = trimmed(text.substr(colon + 1));
  const bool binary = name.ends_with("-bin");
  std::string bytes;
  if (!binary) {
    bytes = value;
  } else if (!rpc::base64_decode(in_usual_alphabet(value), bytes)) {
    return invalid_argument(flag + "the value of a name that ends in -bin is base64");
  }
  Metadata one;
  one.add(name, bytes);
  const Status valid = one.validate();
  if (!valid.ok()) return invalid_argument(flag + std::string(valid.message()));
  metadata.add(name, bytes);
  return {};
}

void add_headers(const std::vector<std::string>& texts, Metadata& metadata) {
  for (const std::string& text : texts) {
    const Status status = add_header(text, metadata);
    if (!status.ok()) throw CLI::ValidationError(std::string(status.message()));
  }
}

}  // namespace weft::cli
