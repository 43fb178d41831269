#include "tools/weft/protocol_flag.h"

#include <CLI/App.hpp>

#include "weft/base/text/printable.h"
#include "weft/http1/client/url.h"
#include "weft/net/proxy/http_proxy.h"
#include "weft/net/socket/address.h"

#include "tools/weft/connection_flags.h"

namespace weft::cli {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

/// "host:port" of an ADDRESS that is no URL.
Result<std::string> one_server(std::string_view address) {
  std::string text(address);
  if (text.starts_with(':')) text.insert(0, "localhost");
  const Result<net::Target> target = net::Target::parse(text);
  if (target.ok() && target->scheme == "dns" && target->authority.empty()) {
    Result<net::HostPort> server = net::HostPort::parse(target->endpoint);
    if (server.ok()) return net::to_string(*server);
  } else if (target.ok() && (target->scheme == "ipv4" || target->scheme == "ipv6")) {
    const auto literals = target->literals();
    if (literals.ok() && literals->size() == 1) return literals->front().to_string();
  }
  return invalid_argument("ADDRESS: '" + printable(address) +
                          "' is not one server; with --protocol connect and grpc-web it is "
                          "host:port, :port, http://host:port or https://host:port, and a path "
                          "may follow");
}

Status check_encryption(std::string_view url, Encryption encryption) {
  if (encryption == Encryption::None || url.starts_with(kHttps)) return {};
  return invalid_argument(
      "ADDRESS: a flag of TLS is given, and http:// has no TLS; it would be https://");
}

std::string_view scheme_prefix(CallProtocol protocol) noexcept {
  return protocol == CallProtocol::Connect ? "connect+" : "grpc-web+";
}

}  // namespace

Result<CallProtocol> protocol_of(std::string_view name) {
  if (name == "grpc") return CallProtocol::Grpc;
  if (name == "grpc-web") return CallProtocol::GrpcWeb;
  if (name == "connect") return CallProtocol::Connect;
  return invalid_argument("'" + printable(name) +
                          "' is no protocol; there are grpc, grpc-web and connect");
}

bool is_url(std::string_view address) noexcept {
  return address.starts_with(kHttp) || address.starts_with(kHttps);
}

Result<std::string> grpc_target(std::string_view url, Encryption encryption) {
  if (Status status = check_encryption(url, encryption); !status.ok()) return status;
  const Result<http1::Url> parsed = http1::Url::parse(url);
  if (!parsed.ok()) return parsed.status().with_prefix("ADDRESS");
  if (parsed->target() != "/") {
    return invalid_argument("ADDRESS: " + parsed->shown() +
                            ": calls of gRPC have no path below a host; --protocol connect and "
                            "grpc-web have");
  }
  return net::to_string(net::HostPort{.host = parsed->host(), .port = parsed->port()});
}

Result<std::string> web_target(std::string_view address, CallProtocol protocol,
                               Encryption encryption) {
  std::string target(scheme_prefix(protocol));
  if (is_url(address)) {
    if (Status status = check_encryption(address, encryption); !status.ok()) return status;
    return target.append(address);
  }
  const Result<std::string> server = one_server(address);
  if (!server.ok()) return server.status();
  return target.append(encryption == Encryption::Tls ? kHttps : kHttp).append(*server);
}

void add_protocol_flag(CLI::App& command, ConnectionFlags& flags) {
  command
      .add_option_function<std::string>(
          "--protocol",
          [&flags](const std::string& name) {
            const Result<CallProtocol> protocol = protocol_of(name);
            if (!protocol.ok()) {
              throw CLI::ValidationError("--protocol", std::string(protocol.status().message()));
            }
            flags.protocol = *protocol;
          },
          "How calls go out: grpc (default), or over HTTP/1.1 grpc-web or connect")
      ->type_name("NAME")
      ->group("Connection");
}

}  // namespace weft::cli
