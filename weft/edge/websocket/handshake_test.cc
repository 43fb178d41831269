#include "weft/edge/websocket/internal/handshake.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/edge/websocket/internal/head_message.h"
#include "weft/edge/websocket/internal/test_websocket.h"

namespace weft::edge {
namespace {

using test::SocketWorld;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::string_view kProto = "Sec-WebSocket-Protocol: weft.connect.v1+proto\r\n";

std::string answer(const std::string& opening, const std::vector<std::string>& origins = {}) {
  WebSocketOptions options;
  options.origins = origins;
  SocketWorld world(options);
  const auto client = world.connect();
  return world.ask(*client, opening);
}

std::string from(std::string_view origin, const std::vector<std::string>& origins = {}) {
  return answer(SocketWorld::opening("/test.Notes/Chat", std::string(kProto) + "Origin: " +
                                                             std::string(origin) + "\r\n"),
                origins);
}

TEST(WebSocketHandshake, TheKeyIsAnsweredAsInTheRfc) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketHandshake, ChoosesTheFirstServedSubprotocol) {
  const std::string head = answer(SocketWorld::opening(
      "/test.Notes/Chat",
      "Sec-WebSocket-Protocol: chat, weft.connect.v1+none\r\n"
      "Sec-WebSocket-Protocol: weft.connect.v1+json, weft.connect.v1+proto\r\n"));
  EXPECT_THAT(head, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(head, HasSubstr("upgrade: websocket\r\n"));
  EXPECT_THAT(head, HasSubstr("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(head, HasSubstr("sec-websocket-protocol: weft.connect.v1+json\r\n"));
}

TEST(WebSocketHandshake, IsFoundBehindOtherHandlersAndUpgrades) {
  for (const char* const upgrade : {"websocket", "WebSocket", "other, websocket"}) {
    SocketWorld world({}, {}, SocketWorld::First::Protocols);
    std::string opening = SocketWorld::opening("/test.Notes/Chat", kProto);
    opening.replace(opening.find("websocket"), 9, upgrade);
    const auto client = world.connect();
    EXPECT_THAT(world.ask(*client, opening), StartsWith("HTTP/1.1 101 ")) << upgrade;
  }
}

TEST(WebSocketHandshake, RefusalsNameTheCause) {
  const std::string none = answer(SocketWorld::opening("/test.Notes/Chat"));
  EXPECT_THAT(none, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(none, HasSubstr("weft.connect.v1+proto and weft.connect.v1+json are"));
  std::string old = SocketWorld::opening("/test.Notes/Chat", kProto);
  old.replace(old.find("13\r\n"), 2, "8");
  EXPECT_THAT(answer(old), HasSubstr("sec-websocket-version: 13\r\n"));
  std::string key = SocketWorld::opening("/test.Notes/Chat", kProto);
  key.replace(key.find("dGhl"), 4, "****");
  EXPECT_THAT(answer(key), HasSubstr("not 16 bytes in base64"));
}

TEST(WebSocketHandshake, PagesOfOtherOriginsAreRefused) {
  EXPECT_THAT(from("http://evil.example"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(from("null"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(from("http://here.evil"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(from("http://here:81"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(from("http://here"), StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(from("http://here:80"), StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(from("https://here"), StartsWith("HTTP/1.1 101 "));
}

TEST(WebSocketHandshake, ListedOriginsMayConnect) {
  const std::vector<std::string> origins{"https://app.example"};
  EXPECT_THAT(from("https://app.example", origins), StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(from("http://app.example", origins), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(from("http://evil.example", {"*"}), StartsWith("HTTP/1.1 101 "));
}

std::string read(std::string text, std::vector<rpc::HttpField> fields = {}) {
  const Status status = read_head_message(text, fields);
  if (!status.ok()) return std::string(status.message());
  std::string found;
  for (const rpc::HttpField& field : fields) {
    found.append(field.name).append("=").append(field.value).append(";");
  }
  return found;
}

TEST(WebSocketHeadMessage, IsFieldsOneALine) {
  EXPECT_EQ(read("X-User:  me \r\nauthorization: Bearer A:b\n\nx-empty:"),
            "x-user=me;authorization=Bearer A:b;x-empty=;");
  EXPECT_THAT(read(""), IsEmpty());
}

TEST(WebSocketHeadMessage, WhatPagesMayNotSayIsRefused) {
  EXPECT_THAT(read("hello"), HasSubstr("no field: 'hello'"));
  EXPECT_THAT(read("a b: c"), HasSubstr("'a b'"));
  for (const std::string name : {"cookie", "Origin", "x-forwarded-for", "sec-fetch-site", "host",
                                 "connection", "transfer-encoding"}) {
    EXPECT_THAT(read(name + ": x"), HasSubstr("the field '")) << name;
  }
  EXPECT_THAT(read("x-user: root", {{"x-user", "me"}}), HasSubstr("in the opening request"));
}

}  // namespace
}  // namespace weft::edge
