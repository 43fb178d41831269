#pragma once

#include <string>

#include "weft/edge/answer/internal/rpc_status.h"
#include "weft/edge/internal/unary_call.h"
#include "weft/edge/rest/internal/rest_codec.h"

namespace weft::edge::rest {

/// A unary call by a rule of google.api.http, or the refusal of one. As Connect's, but for errors,
/// which are google.rpc.Status.
class RestCall : public UnaryCall {
 public:
  /// `codec`: the call's; null for a refusal.
  RestCall(rpc::HttpExchange& exchange, CallRequest& request, const Cors& cors,
           const RestCodec* codec)
      : UnaryCall(exchange, request, cors), codec_(codec) {}

 private:
  std::string content_type() const override {
    return codec_ == nullptr ? "application/json" : codec_->response_type();
  }
  void write_error(std::string& out, const Status& status) const override {
    append_rpc_status(out, status);
  }

  const RestCodec* const codec_;
};

}  // namespace weft::edge::rest
