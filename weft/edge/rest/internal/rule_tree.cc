#include "weft/edge/rest/internal/rule_tree.h"

#include <algorithm>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/base/text/utf8.h"

namespace weft::edge::rest {
namespace {

using Kind = PathTemplate::Kind;

/// Takes the first segment off a path that begins with "/".
std::string_view take_segment(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

/// What follows the last ":" of the last segment; empty for none.
std::string_view verb_of(std::string_view path) noexcept {
  const std::size_t colon = path.rfind(':');
  if (colon == std::string_view::npos || path.find('/', colon) != std::string_view::npos) return {};
  return path.substr(colon + 1);
}

std::string_view without_verb(std::string_view path, std::string_view verb) noexcept {
  if (!verb.empty()) path.remove_suffix(verb.size() + 1);
  return path;
}

/// RFC 3986 section 2.2.
constexpr bool is_reserved(char c) noexcept {
  constexpr std::string_view kReserved = ":/?#[]@!$&'()*+,;=";
  return kReserved.find(c) != std::string_view::npos;
}

/// What stands for several segments keeps the escapes of reserved characters, so that a "/" within
/// a segment is not one between two (RFC 6570 section 3.2.3). The escapes are sound.
std::string decoded_but_reserved(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto c =
        static_cast<char>(ascii::hex_value(text[i + 1]) << 4 | ascii::hex_value(text[i + 2]));
    if (is_reserved(c)) {
      decoded.append(text.substr(i, 3));
    } else {
      decoded += c;
    }
    i += 2;
  }
  return decoded;
}

}  // namespace

struct RuleTree::Node {
  using Methods = std::map<std::string, std::size_t, std::less<>>;
  using Verbs = std::map<std::string, Methods, std::less<>>;

  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> one;
  Verbs ends;   // of templates that end here
  Verbs rests;  // of those with "**" behind this
};

/// For one method and one verb.
struct RuleTree::Search {
  std::string_view method;
  std::string_view verb;
  std::vector<std::string>& methods;

  std::optional<std::size_t> visit(const Node& node, std::string_view rest) const {
    if (rest.empty()) {
      if (const auto found = take(node.ends)) return found;
      return take(node.rests);
    }
    std::string_view behind = rest;
    const std::string_view segment = take_segment(behind);
    if (const auto child = node.literals.find(literal_of(segment)); child != node.literals.end()) {
      if (const auto found = visit(*child->second, behind)) return found;
    }
    if (node.one != nullptr && !segment.empty()) {
      if (const auto found = visit(*node.one, behind)) return found;
    }
    return take(node.rests);
  }

  static std::string literal_of(std::string_view segment) {
    return ascii::percent_decoded(segment).value_or(std::string());
  }

  std::optional<std::size_t> take(const Node::Verbs& verbs) const {
    const auto all = verbs.find(verb);
    if (all == verbs.end()) return std::nullopt;
    for (const std::string_view wanted : {method, std::string_view("*")}) {
      if (const auto found = all->second.find(wanted); found != all->second.end()) {
        return found->second;
      }
    }
    for (const auto& [name, rule] : all->second) methods.push_back(name);
    return std::nullopt;
  }
};

RuleTree::RuleTree() : root_(std::make_unique<Node>()) {}
RuleTree::~RuleTree() = default;
RuleTree::RuleTree(RuleTree&&) noexcept = default;
RuleTree& RuleTree::operator=(RuleTree&&) noexcept = default;

std::optional<std::size_t> RuleTree::add(std::string_view method, const PathTemplate& path,
                                         std::size_t rule) {
  Node* node = root_.get();
  for (const PathTemplate::Segment& segment : path.segments) {
    if (segment.kind == Kind::Rest) break;
    std::unique_ptr<Node>& child =
        segment.kind == Kind::One ? node->one : node->literals[segment.text];
    if (child == nullptr) child = std::make_unique<Node>();
    node = child.get();
  }
  Node::Verbs& verbs = path.has_rest() ? node->rests : node->ends;
  const auto [at, is_new] = verbs[path.verb].try_emplace(std::string(method), rule);
  return is_new ? std::nullopt : std::optional(at->second);
}

RuleTree::Found RuleTree::find(std::string_view method, std::string_view path) const {
  Found found;
  if (!path.starts_with('/')) return found;
  const std::string_view verb = verb_of(path);
  for (const std::string_view tried : {verb, std::string_view()}) {
    found.rule = Search{method, tried, found.methods}.visit(*root_, without_verb(path, tried));
    if (found.rule) {
      found.verb = tried;
      found.methods.clear();
      return found;
    }
    if (verb.empty()) break;
  }
  std::sort(found.methods.begin(), found.methods.end());
  found.methods.erase(std::unique(found.methods.begin(), found.methods.end()), found.methods.end());
  return found;
}

bool RuleTree::begins(std::string_view path) const {
  if (!path.starts_with('/')) return false;
  const std::string_view segment = take_segment(path);
  if (root_->one != nullptr || !root_->rests.empty()) return true;
  return root_->literals.contains(Search::literal_of(segment)) ||
         root_->literals.contains(Search::literal_of(without_verb(segment, verb_of(segment))));
}

std::optional<std::vector<std::string>> values_of(const PathTemplate& path_template,
                                                  std::string_view path, std::string_view verb) {
  path = without_verb(path, verb);
  std::vector<std::size_t> begins;  // of the segments, and where the next would begin
  for (std::string_view rest = path; !rest.empty(); take_segment(rest)) {
    begins.push_back(path.size() - rest.size() + 1);
    // "**" takes what is left.
    if (begins.size() == path_template.segments.size() && path_template.has_rest()) break;
  }
  begins.push_back(path.size() + 1);
  std::vector<std::string> values;
  for (const PathTemplate::Variable& variable : path_template.variables) {
    const std::size_t last = begins.size() - 1;
    const std::size_t begin = begins[std::min(variable.begin, last)];
    const std::size_t end = begins[std::min(variable.end, last)];
    const std::string_view text = end > begin ? path.substr(begin, end - 1 - begin) : "";
    std::string value =
        variable.several ? decoded_but_reserved(text) : *ascii::percent_decoded(text);
    if (!is_utf8(value)) return std::nullopt;
    values.push_back(std::move(value));
  }
  return values;
}

Status check_path(std::string_view path) {
  const std::string_view whole = path;
  const auto refuse = [whole](std::string_view what) {
    return invalid_argument("the path '" + printable(whole.substr(0, 256)) + "' has " +
                            std::string(what));
  };
  if (!path.starts_with('/')) return refuse("no / at its beginning");
  while (!path.empty()) {
    const std::string_view segment = take_segment(path);
    const std::optional<std::string> decoded = ascii::percent_decoded(segment);
    if (!decoded) return refuse("a % that two hexadecimal digits do not follow");
    if (decoded->empty()) return refuse("an empty segment");
    if (*decoded == "." || *decoded == "..") return refuse("the segment " + *decoded);
  }
  return {};
}

}  // namespace weft::edge::rest
