#include "tools/protoc-gen-weft/comment.h"

namespace weft::generator {
namespace {

template <class Element>
std::string comment_from(const Element& element) {
  google::protobuf::SourceLocation location;
  if (!element.GetSourceLocation(&location)) return "";
  std::string comment = as_comment(location.leading_comments);
  const std::string trailing = as_comment(location.trailing_comments);
  if (!comment.empty() && !trailing.empty()) comment += "///\n";
  return comment + trailing;
}

std::string_view without_trailing_space(std::string_view line) {
  const std::size_t end = line.find_last_not_of(" \t\r\f\v");
  return end == std::string_view::npos ? std::string_view{} : line.substr(0, end + 1);
}

}  // namespace

std::string comment_of(const google::protobuf::ServiceDescriptor& service) {
  return comment_from(service);
}
std::string comment_of(const google::protobuf::MethodDescriptor& method) {
  return comment_from(method);
}

std::string as_comment(std::string_view text) {
  text = text.substr(0, without_trailing_space(text).size());
  while (text.ends_with('\n')) text = without_trailing_space(text.substr(0, text.size() - 1));
  std::string comment;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = without_trailing_space(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    comment += "///";
    if (!line.empty() && line.front() != ' ') comment += ' ';
    comment += line;
    // A line that ends in a backslash would make the next one a comment too.
    if (line.ends_with('\\') || line.ends_with("?\?/")) comment += " //";
    comment += '\n';
  }
  return comment;
}

}  // namespace weft::generator
