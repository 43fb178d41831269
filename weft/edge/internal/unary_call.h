#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/edge/answer/internal/response_fields.h"
#include "weft/edge/internal/content_pieces.h"
#include "weft/edge/internal/served_call.h"

namespace weft::edge {

/// A unary call of Connect: the request's content is the message, and so is the response's, or it
/// is an error in JSON. What comes behind a message in gRPC is known before it here: trailers are
/// fields `trailer-*`, so the message waits for the handler's end.
///
/// Protocols with the same shape derive from it.
class UnaryCall : public ServedCall {
 public:
  using ServedCall::ServedCall;

 protected:
  MessageReader::Poll receive(Message& out) override;
  MessageWriter::Poll send(const Message& message) override;
  Task<> end(const Status& status) override;
  std::size_t content_memory() const noexcept override {
    return content_.memory() + answer_.pinned();
  }

 private:
  bool may_read_content(std::size_t size) noexcept;
  MessageReader::Poll take_content(Message& out);
  Status too_large(std::size_t size) const;
  /// Of a response that is no error.
  virtual std::string content_type() const;
  /// Appends what the content says of an error, in JSON.
  virtual void write_error(std::string& out, const Status& status) const;
  Bytes success(ResponseFields& fields);
  Bytes failure(const Status& status, ResponseFields& fields) const;
  Task<> write(int http_status, ResponseFields& fields, Bytes content);

  ContentPieces content_;
  bool taken_ = false;  // the request's message
  bool answered_ = false;
  Bytes answer_;
};

}  // namespace weft::edge
