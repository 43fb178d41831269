#include "weft/rpc/services/internal/build_descriptor.h"

#include <google/protobuf/descriptor.pb.h>

namespace weft::rpc {

namespace pb = google::protobuf;

const pb::FileDescriptor* build_descriptor(std::string_view bytes) {
  pb::FileDescriptorProto proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
  auto* const pool = new pb::DescriptorPool;
  return pool->BuildFile(proto);
}

}  // namespace weft::rpc
