#include "weft/edge/openapi/internal/comments.h"

#include <algorithm>

#include <google/protobuf/descriptor.pb.h>

namespace weft::edge::api {

Status Comments::load(std::string_view descriptors) {
  if (descriptors.empty()) return {};
  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromArray(descriptors.data(), static_cast<int>(descriptors.size()))) {
    return invalid_argument("OpenApi::descriptors is no google.protobuf.FileDescriptorSet");
  }
  for (const google::protobuf::FileDescriptorProto& file : set.file()) {
    if (pool_.BuildFile(file) != nullptr) continue;
    return invalid_argument("OpenApi::descriptors: the file " + file.name() +
                            " does not fit those before it (protoc --include_imports)");
  }
  return {};
}

/// The lines of a comment without the space that follows its marks.
std::string Comments::plain(std::string_view comment) {
  std::string text;
  while (!comment.empty()) {
    std::string_view line = comment.substr(0, comment.find('\n'));
    comment.remove_prefix(std::min(comment.size(), line.size() + 1));
    if (line.starts_with(' ')) line.remove_prefix(1);
    text.append(line).append("\n");
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace weft::edge::api
