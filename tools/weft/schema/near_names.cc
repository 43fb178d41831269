#include "tools/weft/schema/near_names.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "weft/base/text/printable.h"

namespace weft::cli {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view last_part(std::string_view name) {
  return name.substr(name.find_last_of("./") + 1);
}

/// The distance, or SIZE_MAX where the lengths alone differ by more than `most`: a server's names
/// may be long, and the distance takes time by their length.
std::size_t distance_within(std::size_t most, std::string_view a, std::string_view b) {
  const std::size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  return difference > most ? SIZE_MAX : edit_distance(a, b);
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the table: the one being filled and the two before it.
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

std::vector<std::string> near_names(std::string_view wanted,
                                    const std::vector<std::string>& names) {
  std::vector<std::pair<std::size_t, std::string>> near;
  const std::string_view wanted_part = last_part(wanted);
  // A third of what was typed may be wrong; in short names one letter.
  const std::size_t most = std::max<std::size_t>(1, wanted_part.size() / 3);
  for (const std::string& name : names) {
    const std::size_t distance = std::min(distance_within(most, wanted, name),
                                          distance_within(most, wanted_part, last_part(name)));
    if (distance <= most && name != wanted) near.emplace_back(distance, name);
  }
  std::sort(near.begin(), near.end());
  constexpr std::size_t kMost = 3;
  if (near.size() > kMost) near.resize(kMost);
  std::vector<std::string> result;
  result.reserve(near.size());
  for (auto& [distance, name] : near) result.push_back(std::move(name));
  return result;
}

std::string did_you_mean(std::string_view wanted, const std::vector<std::string>& names) {
  const std::vector<std::string> near = near_names(wanted, names);
  std::string text;
  for (std::size_t i = 0; i < near.size(); ++i) {
    text += i == 0 ? "; did you mean " : i + 1 == near.size() ? " or " : ", ";
    text += "'" + printable(near[i]) + "'";
  }
  return text.empty() ? text : text + "?";
}

}  // namespace weft::cli
