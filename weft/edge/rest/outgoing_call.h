#pragma once

#include <string>

#include "weft/base/result.h"

namespace google::protobuf {
class Message;
class MethodDescriptor;
}  // namespace google::protobuf
namespace weft::codec {
class Tables;
}

namespace weft::edge {

/// The request of HTTP that calls a method as its option google.api.http says: what
/// edge::protocols() reads, written.
struct OutgoingCall {
  std::string method;        ///< "GET"
  std::string target;        ///< path and query, percent-encoded
  std::string content_type;  ///< empty: no content
  std::string content;
};

/// By the first of the method's rules that has a form for `message`. NOT_FOUND where the method has
/// no rule; INVALID_ARGUMENT saying why the first rule has no form: an empty variable of the path,
/// a map in the query. `tables` are those of the method's pool.
Result<OutgoingCall> outgoing_call(const google::protobuf::MethodDescriptor& method,
                                   const google::protobuf::Message& message,
                                   const codec::Tables& tables);

}  // namespace weft::edge
