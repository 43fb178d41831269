#include "weft/rpc/handler.h"

#include <string>
#include <utility>

namespace weft::rpc {

namespace {

/// Why a method that takes one request did not get any.
Status no_request(const Call& call) {
  if (call.context().is_cancelled()) return call.context().cancel_reason();
  // Cardinality violations are UNIMPLEMENTED by gRPC's table of status codes.
  return unimplemented("the method takes one request, but the stream ended without any");
}

}  // namespace

SingleMessages::Step SingleMessages::read(google::protobuf::MessageLite& into) noexcept {
  into_ = &into;
  return Step(*this);
}

SingleMessages::Step SingleMessages::write(const google::protobuf::MessageLite& from) noexcept {
  into_ = nullptr;
  from_ = &from;
  return Step(*this);
}

bool SingleMessages::advance() {
  if (into_ == nullptr) {
    const MessageWriter::Poll offered =
        call_.responses().offer(codec::message_of(*from_).mark_last());
    if (offered == MessageWriter::Poll::Blocked) return false;
    if (offered == MessageWriter::Poll::Closed) status_ = call_.context().cancel_reason();
    return true;
  }
  Message message;
  const MessageReader::Poll polled = call_.requests().poll(message);
  if (polled == MessageReader::Poll::Pending) return false;
  read_size_ = message.size();
  status_ = polled == MessageReader::Poll::End ? no_request(call_) : codec::parse(message, *into_);
  return true;
}

void SingleMessages::wait() noexcept {
  if (into_ != nullptr) {
    call_.requests().wait(*this);
  } else {
    call_.responses().wait(*this);
  }
}

void SingleMessages::unwait() noexcept {
  if (into_ != nullptr) {
    call_.requests().unwait();
  } else {
    call_.responses().unwait();
  }
}

void SingleMessages::run(Runnable& runnable) noexcept {
  auto& self = static_cast<SingleMessages&>(runnable);
  if (!self.advance()) return self.wait();
  std::exchange(self.handle_, nullptr).resume();
}

Status not_implemented(const MethodDescriptor& method) {
  return unimplemented(std::string("method ").append(method.path).append(" is not implemented"));
}

}  // namespace weft::rpc
