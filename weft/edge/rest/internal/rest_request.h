#pragma once

#include <string>

#include "weft/codec/json/json.h"
#include "weft/edge/internal/call_request.h"
#include "weft/edge/rest/internal/rest_rules.h"
#include "weft/edge/rest/stream/internal/stream_form.h"

namespace weft::edge::rest {

/// What the head of a request says.
struct RestRequest {
  CallRequest call;                     ///< with a status that is not OK where it is refused
  const BoundRule* rule = nullptr;      ///< null: there is none for it
  std::string parameters;               ///< what path and query say, in protobuf's encoding
  StreamForm form = StreamForm::Array;  ///< of a response that streams
};

/// Reads it. Its path is one that the rules claim.
RestRequest read_rest_request(const rpc::HttpHead& head, const RestRules& rules,
                              const rpc::Dispatcher& dispatcher, const JsonOptions& options);

}  // namespace weft::edge::rest
