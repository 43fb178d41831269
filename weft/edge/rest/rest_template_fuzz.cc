#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/edge/rest/internal/path_template.h"
#include "weft/edge/rest/internal/rule_tree.h"

namespace {

using weft::edge::rest::PathTemplate;
using weft::edge::rest::RuleTree;

/// A path that fits; literals are escaped whole.
std::string path_of(const PathTemplate& path_template) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string path;
  for (const PathTemplate::Segment& segment : path_template.segments) {
    path += '/';
    if (segment.kind != PathTemplate::Kind::Literal) path += "a%2fb%20c";
    for (const char c : segment.text) {
      const auto byte = static_cast<unsigned char>(c);
      path += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  if (!path_template.verb.empty()) path += ":" + path_template.verb;
  return path;
}

}  // namespace

// A template and, behind a newline, a path. A template that is read is found by a path that is made
// of it, with a value for each variable; any path is searched for to an end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const auto parsed = PathTemplate::parse(text.substr(0, line));
  if (!parsed.ok()) return 0;
  RuleTree tree;
  if (tree.add("GET", *parsed, 7) || tree.add("GET", *parsed, 8) != 7U) std::abort();
  const std::string own = path_of(*parsed);
  const RuleTree::Found found = tree.find("GET", own);
  if (found.rule != 7U || !tree.begins(own)) std::abort();
  const auto values = weft::edge::rest::values_of(*parsed, own, found.verb);
  if (!values || values->size() != parsed->variables.size()) std::abort();
  if (line == std::string_view::npos) return 0;
  const std::string_view path = text.substr(line + 1);
  if (!weft::edge::rest::check_path(path).ok()) return 0;
  const RuleTree::Found other = tree.find("GET", path);
  if (!other.rule) return 0;
  if (!tree.begins(path)) std::abort();
  static_cast<void>(weft::edge::rest::values_of(*parsed, path, other.verb));
  return 0;
}
