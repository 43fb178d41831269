#include "weft/coro/trace_context.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "weft/base/text/ascii.h"

namespace weft {
namespace {

// Section 3.3.1.5: "entries larger than 128 characters long SHOULD be removed first".
constexpr std::size_t kLongMember = 128;
// Sections 3.3.1.3.1 and 3.3.1.3.2.
constexpr std::size_t kLongestKey = 256;
constexpr std::size_t kLongestValue = 256;

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Level 2's grammar, which has that of level 1 in it: the '@' of a tenant's key may stand
/// anywhere.
bool is_key(std::string_view key) noexcept {
  if (key.empty() || key.size() > kLongestKey) return false;
  if (!ascii::is_lower(key.front()) && !ascii::is_digit(key.front())) return false;
  return std::all_of(key.begin(), key.end(), [](char c) {
    return ascii::is_lower(c) || ascii::is_digit(c) ||
           std::string_view("_-*/@").find(c) != std::string_view::npos;
  });
}

bool is_value(std::string_view value) noexcept {
  if (value.empty() || value.size() > kLongestValue || value.back() == ' ') return false;
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

std::size_t joined_size(const std::vector<std::string_view>& members) noexcept {
  std::size_t size = members.size() - 1;  // commas
  for (const std::string_view member : members) size += member.size();
  return size;
}

/// Removes members until the list is short enough; returns how many.
std::size_t shorten(std::vector<std::string_view>& members) {
  std::size_t size = joined_size(members);
  const std::size_t before = members.size();
  for (std::size_t i = members.size(); i-- > 0 && size > TraceState::kMaxSize;) {
    if (members[i].size() <= kLongMember) continue;
    size -= members[i].size() + 1;
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
  }
  while (!members.empty() && size > TraceState::kMaxSize) {
    size -= members.back().size() + 1;
    members.pop_back();
  }
  return before - members.size();
}

}  // namespace

Result<TraceState> TraceState::parse(std::string_view text, std::size_t* dropped) {
  std::vector<std::string_view> members;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view member = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (member.empty()) continue;
    const std::size_t equals = std::min(member.find('='), member.size() - 1);
    if (!is_key(member.substr(0, equals)) || !is_value(member.substr(equals + 1))) {
      return invalid_argument("tracestate: member " + std::to_string(members.size()) +
                              " is no key=value of W3C Trace Context section 3.3.1.3");
    }
    if (members.size() == kMaxMembers) {
      return invalid_argument("tracestate: more than the limit of " + std::to_string(kMaxMembers) +
                              " list-members");
    }
    members.push_back(member);
  }
  TraceState state;
  if (members.empty()) return state;
  const std::size_t removed = shorten(members);
  if (dropped != nullptr) *dropped += removed;
  if (members.empty()) return state;
  std::string joined;
  joined.reserve(joined_size(members));
  for (const std::string_view member : members) {
    if (!joined.empty()) joined += ',';
    joined += member;
  }
  state.text_ = std::make_shared<const std::string>(std::move(joined));
  return state;
}

}  // namespace weft
