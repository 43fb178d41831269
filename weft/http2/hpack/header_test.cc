#include "weft/http2/hpack/header.h"

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace weft::http2 {
namespace {

constexpr std::pair<std::string_view, Token> kNames[] = {
    {":authority", Token::Authority},
    {":method", Token::Method},
    {":path", Token::Path},
    {":scheme", Token::Scheme},
    {":status", Token::Status},
    {":protocol", Token::Protocol},
    {"connection", Token::Connection},
    {"keep-alive", Token::KeepAlive},
    {"proxy-connection", Token::ProxyConnection},
    {"transfer-encoding", Token::TransferEncoding},
    {"upgrade", Token::Upgrade},
    {"te", Token::Te},
    {"content-type", Token::ContentType},
    {"content-length", Token::ContentLength},
    {"user-agent", Token::UserAgent},
    {"host", Token::Host},
    {"cookie", Token::Cookie},
    {"authorization", Token::Authorization},
    {"grpc-timeout", Token::GrpcTimeout},
    {"grpc-encoding", Token::GrpcEncoding},
    {"grpc-accept-encoding", Token::GrpcAcceptEncoding},
    {"grpc-status", Token::GrpcStatus},
    {"grpc-message", Token::GrpcMessage},
    {"grpc-status-details-bin", Token::GrpcStatusDetailsBin},
    {"grpc-previous-rpc-attempts", Token::GrpcPreviousRpcAttempts},
    {"grpc-retry-pushback-ms", Token::GrpcRetryPushbackMs},
    {"traceparent", Token::Traceparent},
    {"tracestate", Token::Tracestate},
    {"baggage", Token::Baggage},
    {"grpc-trace-bin", Token::GrpcTraceBin},
};

TEST(TokenOf, KnowsEveryTokensName) {
  EXPECT_EQ(std::size(kNames), kTokenCount - 1);
  for (const auto& [name, token] : kNames) EXPECT_EQ(token_of(name), token) << name;
}

TEST(TokenOf, DiffersForOneCharacterOrLength) {
  for (const auto& [name, token] : kNames) {
    for (std::size_t i = 0; i < name.size(); ++i) {
      std::string other(name);
      other[i] = static_cast<char>(other[i] ^ 0x20);
      EXPECT_EQ(token_of(other), Token::Other) << other;
    }
    EXPECT_EQ(token_of(std::string(name) + "x"), Token::Other) << name;
    EXPECT_EQ(token_of(name.substr(1)), Token::Other) << name;
  }
  EXPECT_EQ(token_of(""), Token::Other);
  EXPECT_EQ(token_of(":unknown"), Token::Other);
}

}  // namespace
}  // namespace weft::http2
