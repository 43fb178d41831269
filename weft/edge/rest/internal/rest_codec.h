#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "weft/codec/codec.h"
#include "weft/codec/json/json.h"
#include "weft/edge/rest/internal/bound_rule.h"

namespace weft::edge::rest {

/// The codec of one call that a rule is for: a request is made of the content and of what path and
/// query say, a response is the whole object or the field that the rule names. A
/// google.api.HttpBody is the content itself, both ways.
class RestCodec final : public Codec {
 public:
  /// `parameters`: of path and query, in protobuf's encoding. `content_type`: the request's.
  RestCodec(const BoundRule& rule, const JsonOptions& options, std::string parameters,
            std::string_view content_type)
      : rule_(rule),
        options_(options),
        parameters_(std::move(parameters)),
        content_type_(content_type) {}

  std::string_view name() const noexcept override { return "json"; }
  Result<Message> encode(const google::protobuf::MessageLite& object) const override;
  Status decode(const Message& message, google::protobuf::MessageLite& into) const override;

  /// Of the response, once it is encoded.
  const std::string& response_type() const noexcept { return response_type_; }

 private:
  Result<Message> encode_body(const google::protobuf::Message& body) const;

  const BoundRule& rule_;
  const JsonOptions& options_;
  const std::string parameters_;
  const std::string_view content_type_;
  mutable std::string response_type_{rule_.has_raw_response() ? "application/octet-stream"
                                                              : "application/json"};
};

}  // namespace weft::edge::rest
