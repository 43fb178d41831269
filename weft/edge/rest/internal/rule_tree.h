#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/edge/rest/internal/path_template.h"

namespace weft::edge::rest {

/// Which rule a request is for, by method and path. Of several whose path fits it is the one with
/// a literal where the other has "*", and "*" where the other has "**", at the first segment where
/// they differ; a verb counts more than a last segment with a ":" in it.
///
/// A search visits a node of the tree once at most, so no path costs more than the rules are.
class RuleTree {
 public:
  struct Found {
    /// The rule; nothing where the path is one of others' methods, or nobody's.
    std::optional<std::size_t> rule;
    std::string_view verb;             ///< of that rule, a part of the path
    std::vector<std::string> methods;  ///< that the path has, sorted, where none is the request's
  };

  RuleTree();
  ~RuleTree();
  RuleTree(RuleTree&&) noexcept;
  RuleTree& operator=(RuleTree&&) noexcept;

  /// The rule that has the same method and the same paths, where there is one; then nothing is
  /// added. `method` "*": any.
  std::optional<std::size_t> add(std::string_view method, const PathTemplate& path,
                                 std::size_t rule);
  /// `path`: that of a request, without its query.
  Found find(std::string_view method, std::string_view path) const;
  /// Whether a rule's paths begin with the first segment of `path`.
  bool begins(std::string_view path) const;

 private:
  struct Node;
  struct Search;

  std::unique_ptr<Node> root_;
};

/// What the variables of a template have in a path that fits it; in the order of the template.
/// Nothing where an escape is not UTF-8.
std::optional<std::vector<std::string>> values_of(const PathTemplate& path_template,
                                                  std::string_view path, std::string_view verb);

/// INVALID_ARGUMENT where a path is not in the form in which everybody reads it the same: an empty
/// segment, "." and "..", escaped or not, and an escape that is none.
Status check_path(std::string_view path);

}  // namespace weft::edge::rest
