#include "weft/cluster/resolvers/internal/target_options.h"

#include <charconv>

namespace weft::cluster {

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned value = 0;
    if (text.size() - i < 3) return std::nullopt;
    const char* const end = text.data() + i + 3;
    if (std::from_chars(text.data() + i + 1, end, value, 16).ptr != end) return std::nullopt;
    decoded += static_cast<char>(value);
    i += 2;
  }
  return decoded;
}

Status refuse_options(const TargetParts& target) {
  if (target.query.empty()) return ok_status();
  return invalid_argument("target '" + target.text + "': option '" + target.query.begin()->first +
                          "' is not known; " + target.scheme + " has no options");
}

}  // namespace weft::cluster
