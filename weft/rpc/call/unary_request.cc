#include "weft/rpc/call/unary_request.h"

#include <climits>
#include <cstdint>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message_lite.h>

namespace weft {

CallData::CallData(std::string_view path, const google::protobuf::MessageLite& request)
    : path_(path) {
  const std::size_t size = request.ByteSizeLong();
  if (size > INT_MAX) {
    status_ = resource_exhausted("the request of " + path_ + " has " + std::to_string(size) +
                                 " bytes, more than the " + std::to_string(INT_MAX) +
                                 " that protobuf can write");
    return;
  }
  request_.reserve(size);
  google::protobuf::io::StringOutputStream output(&request_);
  google::protobuf::io::CodedOutputStream coded(&output);
  // Maps have an order of their own in each process.
  coded.SetSerializationDeterministic(true);
  request.SerializeWithCachedSizes(&coded);
}

std::string_view CallData::service() const noexcept {
  const std::string_view path = path_;
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos || slash == 0 ? std::string_view()
                                                       : path.substr(1, slash - 1);
}

}  // namespace weft
