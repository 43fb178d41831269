#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/result.h"

namespace CLI {
class App;
}

namespace weft::cli {

struct ConnectionFlags;

/// How calls go out. Connect and gRPC-Web go over HTTP/1.1.
enum class CallProtocol : std::uint8_t { Grpc, GrpcWeb, Connect };

/// "grpc", "grpc-web", "connect"; INVALID_ARGUMENT naming these for another name.
Result<CallProtocol> protocol_of(std::string_view name);

/// Whether `address` is "http://..." or "https://...".
bool is_url(std::string_view address) noexcept;

/// Whether a flag of TLS is given.
enum class Encryption : std::uint8_t { None, Tls };
/// The "host:port" of a URL without a path. INVALID_ARGUMENT for one that gRPC cannot call, and for
/// http:// while flags ask for TLS.
Result<std::string> grpc_target(std::string_view url, Encryption encryption);
/// The target of a channel of Connect or gRPC-Web: "connect+https://host:port/prefix".
/// INVALID_ARGUMENT naming ADDRESS where it is no URL and not one host and port, or is http://
/// while flags ask for TLS.
Result<std::string> web_target(std::string_view address, CallProtocol protocol,
                               Encryption encryption);

/// Adds --protocol. `flags` must outlive the parsing.
void add_protocol_flag(CLI::App& command, ConnectionFlags& flags);

}  // namespace weft::cli
