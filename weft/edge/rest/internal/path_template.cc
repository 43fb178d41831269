#include "weft/edge/rest/internal/path_template.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/base/text/utf8.h"

namespace weft::edge::rest {
namespace {

/// What a literal may have beside letters, digits and escapes: RFC 3986's pchar without what is
/// part of a template.
constexpr bool is_literal(char c) noexcept {
  constexpr std::string_view kOthers = "-._~!$&'()+,;@%";
  return ascii::is_alphanumeric(c) || kOthers.find(c) != std::string_view::npos;
}

/// Written as it stands in a path.
constexpr bool is_verb(char c) noexcept {
  return ascii::is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
}

constexpr bool is_name(char c) noexcept { return ascii::is_alphanumeric(c) || c == '_'; }

class Parser {
 public:
  explicit Parser(std::string_view text) noexcept : text_(text) {}

  Result<PathTemplate> parse() {
    if (text_.size() > kLongestTemplate) {
      return fail(kLongestTemplate, "it is longer than " + std::to_string(kLongestTemplate));
    }
    if (!eat('/')) return fail(at_, "it does not begin with /");
    if (Status status = segments(false); !status.ok()) return status;
    if (eat(':')) {
      const std::size_t begin = at_;
      while (at_ != text_.size() && is_verb(text_[at_])) ++at_;
      if (at_ == begin) return fail(at_, "a verb is missing");
      out_.verb = text_.substr(begin, at_ - begin);
    }
    if (at_ != text_.size()) return fail(at_, "nothing can follow here");
    return std::move(out_);
  }

 private:
  Status segments(bool in_variable) {
    do {
      if (out_.has_rest()) return fail(at_, "something follows **, which stands last");
      if (Status status = segment(in_variable); !status.ok()) return status;
      if (out_.segments.size() > kMostSegments) {
        return fail(at_, "it has more than " + std::to_string(kMostSegments) + " segments");
      }
    } while (eat('/'));
    return {};
  }

  Status segment(bool in_variable) {
    using Kind = PathTemplate::Kind;
    if (next() == '{') {
      return in_variable ? fail(at_, "a variable stands in another one") : variable();
    }
    if (eat('*')) {
      out_.segments.push_back({eat('*') ? Kind::Rest : Kind::One, {}});
      return {};
    }
    PathTemplate::Segment segment;
    Status status = literal(segment.text);
    if (!status.ok()) return status;
    if (segment.text == "." || segment.text == "..") {
      return fail(at_, "no path that is served has the segment " + segment.text);
    }
    out_.segments.push_back(std::move(segment));
    return {};
  }

  Status literal(std::string& into) {
    const std::size_t begin = at_;
    while (at_ != text_.size() && is_literal(text_[at_])) ++at_;
    if (at_ == begin) return fail(at_, "a segment is missing");
    std::optional<std::string> decoded = ascii::percent_decoded(text_.substr(begin, at_ - begin));
    if (!decoded) return fail(begin, "two hexadecimal digits do not follow a %");
    // A field with this segment would be none of a request.
    if (!is_utf8(*decoded)) return fail(begin, "the segment is not UTF-8");
    into = *std::move(decoded);
    return {};
  }

  Status variable() {
    ++at_;
    const std::size_t name = at_;
    PathTemplate::Variable variable;
    variable.begin = out_.segments.size();
    if (Status status = field_path(variable.field); !status.ok()) return status;
    for (const PathTemplate::Variable& other : out_.variables) {
      if (other.field == variable.field) return fail(name, other.field + " is a variable twice");
    }
    if (eat('=')) {
      if (Status status = segments(true); !status.ok()) return status;
    } else {
      out_.segments.push_back({PathTemplate::Kind::One, {}});
    }
    if (!eat('}')) return fail(at_, "the } of a variable is missing");
    variable.end = out_.segments.size();
    variable.several = variable.end - variable.begin > 1 || out_.has_rest();
    out_.variables.push_back(std::move(variable));
    return {};
  }

  Status field_path(std::string& into) {
    const std::size_t begin = at_;
    do {
      const std::size_t name = at_;
      while (at_ != text_.size() && is_name(text_[at_])) ++at_;
      if (at_ == name || ascii::is_digit(text_[name])) {
        return fail(name, "the name of a field is missing");
      }
    } while (eat('.'));
    into = text_.substr(begin, at_ - begin);
    return {};
  }

  Status fail(std::size_t at, std::string what) const {
    return invalid_argument("the path '" + printable(text_.substr(0, kLongestTemplate)) +
                            "', column " + std::to_string(at + 1) + ": " + what);
  }

  char next() const noexcept { return at_ == text_.size() ? '\0' : text_[at_]; }
  bool eat(char c) noexcept {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  PathTemplate out_;
};

}  // namespace

Result<PathTemplate> PathTemplate::parse(std::string_view text) { return Parser(text).parse(); }

}  // namespace weft::edge::rest
