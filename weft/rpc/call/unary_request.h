#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "weft/base/status.h"

namespace google::protobuf {
class MessageLite;
}  // namespace google::protobuf

namespace weft {

/// A unary call as data: its method's path and the encoded request. Bound to no channel, so that it
/// can be stored, and sent by another process.
class CallData {
 public:
  CallData() {}
  /// `path` is "/shop.Bank/Charge"; `request` is encoded by protobuf.
  CallData(std::string path, std::string request)
      : path_(std::move(path)), request_(std::move(request)) {}
  /// Encodes `request`: equal messages give equal bytes, maps included, in one build of a program.
  CallData(std::string_view path, const google::protobuf::MessageLite& request);

  const std::string& path() const noexcept { return path_; }
  const std::string& request() const noexcept { return request_; }
  /// RESOURCE_EXHAUSTED where the message is larger than protobuf can write.
  const Status& status() const noexcept { return status_; }
  /// "shop.Bank" of "/shop.Bank/Charge".
  std::string_view service() const noexcept;

 private:
  std::string path_;
  std::string request_;
  Status status_;
};

/// A call as data whose response is a `Response`; what the generated Calls classes make
/// (`weft_proto(... CALLS)`).
///
///     UnaryRequest<shop::Receipt> call = shop::BankCalls::Charge(charge);
template <class Response>
class UnaryRequest {
 public:
  explicit UnaryRequest(CallData data) noexcept : data_(std::move(data)) {}

  const CallData& data() const& noexcept { return data_; }
  CallData&& data() && noexcept { return std::move(data_); }

 private:
  CallData data_;
};

}  // namespace weft
