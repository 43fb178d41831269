#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "weft/base/time.h"
#include "weft/codec/compression.h"
#include "weft/rpc/call/call_options.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/client/channel.h"

#include "tools/weft/protocol_flag.h"
#include "tools/weft/tls_flags.h"

namespace CLI {
class App;
}

namespace weft::cli {

/// How to reach a server: the flags that all commands share.
struct ConnectionFlags {
  std::string address;  ///< as typed
  std::string target;
  /// Where types are asked for by reflection, which streams both ways: over HTTP/1.1 gRPC-Web can
  /// do that and Connect cannot.
  std::string types_target;
  CallProtocol protocol = CallProtocol::Grpc;
  Metadata metadata;
  Duration timeout = kForever;
  std::string authority;
  std::size_t max_receive_size = 0;  ///< 0: the channel's default
  Compression compression = Compression::Identity;
  bool wait_for_ready = false;
  TlsFlags tls;

  /// Refers to this object.
  CallOptions call_options() const noexcept;
  ChannelOptions channel_options() const;
};

/// Where types come from when it is not reflection.
struct ProtoFlags {
  std::vector<std::string> files;
  std::vector<std::string> import_dirs;
};

/// Adds the flags to `command`. `flags` must outlive the parsing.
void add_connection_flags(CLI::App& command, ConnectionFlags& flags);
void add_proto_flags(CLI::App& command, ProtoFlags& flags);
/// The target that an ADDRESS means; CLI::ValidationError when it cannot be read.
void set_address(const std::string& text, ConnectionFlags& flags);
/// The targets that it means by the other flags, once all are parsed. add_connection_flags() sees
/// to that where ADDRESS was set by then. CLI::ValidationError for what cannot go together.
void settle_address(ConnectionFlags& flags);

}  // namespace weft::cli
