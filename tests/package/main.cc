// A service and a call to it, in one program of somebody else.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <google/protobuf/message_lite.h>

#include "weft/cluster/resolver.h"
#include "weft/codec/codec.h"
#include "weft/codec/json/json.h"
#include "weft/codec/msgpack/msgpack.h"
#include "weft/codec/xml/xml.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"

#include "greeter.weft.h"

class Greeter final : public outside::GreeterService {
  weft::Task<weft::Result<outside::HelloReply>> SayHello(
      weft::ServerContext&, const outside::HelloRequest& request) override {
    outside::HelloReply reply;
    reply.set_message("Hello, " + request.name());
    return reply;
  }
};

/// A format of somebody else: protobuf's bytes from the last to the first.
class BackwardsCodec final : public weft::Codec {
 public:
  std::string_view name() const noexcept override { return "backwards"; }
  weft::Result<weft::Message> encode(const google::protobuf::MessageLite& object) const override {
    std::string bytes = object.SerializeAsString();
    std::reverse(bytes.begin(), bytes.end());
    return weft::Message(weft::Bytes::copy_of(bytes));
  }
  weft::Status decode(const weft::Message& message,
                      google::protobuf::MessageLite& into) const override {
    std::string bytes = message.bytes().to_string();
    std::reverse(bytes.begin(), bytes.end());
    if (into.ParseFromString(bytes)) return {};
    return weft::invalid_argument("not backwards");
  }
};

int main() {
  weft::Server server{{.listen = "127.0.0.1:0"}};
  server.add<Greeter>();
  const auto backwards = std::make_shared<const BackwardsCodec>();
  server.add(backwards);
  const auto json = weft::json_codec();
  server.add(json);
  const auto msgpack = weft::msgpack_codec();
  server.add(msgpack);
  const auto xml = weft::xml_codec();
  server.add(xml);
  if (const weft::Status started = server.start(); !started.ok()) {
    std::fprintf(stderr, "%s\n", started.to_string().c_str());
    return 1;
  }

  weft::Channel channel("127.0.0.1:" + std::to_string(server.port()));
  outside::GreeterBlockingClient greeter(channel);
  outside::HelloRequest request;
  request.set_name("outside");
  const auto reply = greeter.SayHello(request, {.timeout = std::chrono::seconds(10)});
  if (!reply.ok()) std::fprintf(stderr, "%s\n", reply.status().to_string().c_str());
  const auto in_kind =
      greeter.SayHello(request, {.timeout = std::chrono::seconds(10), .codec = backwards.get()});
  if (!in_kind.ok() || in_kind->message() != "Hello, outside") {
    std::fprintf(stderr, "backwards: %s\n", in_kind.status().to_string().c_str());
    return 1;
  }
  const auto as_json =
      greeter.SayHello(request, {.timeout = std::chrono::seconds(10), .codec = json.get()});
  if (!as_json.ok() || weft::to_json(*as_json).value() != R"({"message":"Hello, outside"})") {
    std::fprintf(stderr, "json: %s\n", as_json.status().to_string().c_str());
    return 1;
  }
  const auto as_msgpack =
      greeter.SayHello(request, {.timeout = std::chrono::seconds(10), .codec = msgpack.get()});
  if (!as_msgpack.ok() || as_msgpack->message() != "Hello, outside") {
    std::fprintf(stderr, "msgpack: %s\n", as_msgpack.status().to_string().c_str());
    return 1;
  }
  const auto as_xml =
      greeter.SayHello(request, {.timeout = std::chrono::seconds(10), .codec = xml.get()});
  if (!as_xml.ok() || as_xml->message() != "Hello, outside") {
    std::fprintf(stderr, "xml: %s\n", as_xml.status().to_string().c_str());
    return 1;
  }

  server.stop();
  // Nobody has called register_schemes(): linking has to be enough.
  if (!weft::cluster::lists_instances("weft://localhost:7070/greeter")) {
    std::fputs("the scheme weft:// is not known\n", stderr);
    return 1;
  }
  return reply.ok() && reply->message() == "Hello, outside" ? 0 : 1;
}
