#include "tools/weft/connection_flags.h"

#include <charconv>

#include <CLI/App.hpp>

#include "tools/weft/address_text.h"
#include "tools/weft/call/header_flag.h"
#include "tools/weft/duration_text.h"

namespace weft::cli {
namespace {

[[noreturn]] void refuse(const std::string& flag, const Status& status) {
  throw CLI::ValidationError(flag, std::string(status.message()));
}

/// "4194304", "64k", "16M", "1G".
std::size_t parse_size(const std::string& flag, std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  constexpr std::string_view kUnits = "kMG";
  std::size_t shift = 0;
  if (unit.size() == 1) shift = 10 * (kUnits.find(unit.front()) + 1);
  const bool known = unit.empty() || (unit.size() == 1 && kUnits.find(unit) != kUnits.npos);
  if (error != std::errc() || !known || number == 0 || number > (SIZE_MAX >> shift)) {
    refuse(flag, invalid_argument("'" + std::string(text) +
                                  "' is not a size: a number of bytes above 0 is expected, or one "
                                  "with k, M or G behind it"));
  }
  return number << shift;
}

Compression parse_compression(const std::string& flag, const std::string& name) {
  Compression compression = Compression::Identity;
  if (!compression_of(name, compression)) {
    refuse(flag, invalid_argument("'" + name + "' is not an encoding; known are " +
                                  std::string(CompressionSet::all().names())));
  }
  return compression;
}

struct Targets {
  std::string calls;
  std::string types;
};

Result<Targets> targets_of(const ConnectionFlags& flags) {
  const Encryption encryption = flags.tls.enabled() ? Encryption::Tls : Encryption::None;
  if (flags.protocol == CallProtocol::Grpc) {
    if (!is_url(flags.address)) return Targets{flags.target, flags.target};
    const Result<std::string> target = grpc_target(flags.address, encryption);
    if (!target.ok()) return target.status();
    return Targets{*target, *target};
  }
  if (flags.wait_for_ready) {
    return invalid_argument("--wait-for-ready is for --protocol grpc: the others do not wait");
  }
  const Result<std::string> calls = web_target(flags.address, flags.protocol, encryption);
  if (!calls.ok()) return calls.status();
  const Result<std::string> types = web_target(flags.address, CallProtocol::GrpcWeb, encryption);
  return Targets{*calls, *types};
}

}  // namespace

CallOptions ConnectionFlags::call_options() const noexcept {
  return {.timeout = timeout,
          .metadata = &metadata,
          .compression = compression,
          .wait_for_ready = wait_for_ready,
          .max_receive_size = max_receive_size};
}

ChannelOptions ConnectionFlags::channel_options() const {
  ChannelOptions options;
  options.authority = authority;
  options.tls = tls.options();
  options.user_agent = "weft-command";
  return options;
}

void add_connection_flags(CLI::App& command, ConnectionFlags& flags) {
  const std::string group = "Connection";
  command
      .add_option_function<std::vector<std::string>>(
          "-H,--header",
          [&flags](const std::vector<std::string>& texts) { add_headers(texts, flags.metadata); },
          "Metadata 'name: value' to send; may be repeated. The value of a name that ends in -bin "
          "is base64")
      ->type_name("HEADER")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option_function<std::string>(
          "--timeout",
          [&flags](const std::string& text) {
            const Result<Duration> timeout = parse_duration(text);
            if (!timeout.ok()) refuse("--timeout", timeout.status());
            flags.timeout = *timeout;
          },
          "Deadline from the start of the call: 500ms, 2s, 1m (default: none)")
      ->type_name("TIME")
      ->group(group);
  command
      .add_option("--authority", flags.authority,
                  "The :authority of the call; with TLS also the server's name (default: that of "
                  "ADDRESS)")
      ->type_name("NAME")
      ->group(group);
  command
      .add_option_function<std::string>(
          "--max-receive-size",
          [&flags](const std::string& text) {
            flags.max_receive_size = parse_size("--max-receive-size", text);
          },
          "Largest response in bytes; k, M and G may follow (default: 4M)")
      ->type_name("SIZE")
      ->group(group);
  command
      .add_option_function<std::string>(
          "--compression",
          [&flags](const std::string& name) {
            flags.compression = parse_compression("--compression", name);
          },
          "Encoding of the requests: identity, gzip, deflate, zstd")
      ->type_name("NAME")
      ->group(group);
  command
      .add_flag("--wait-for-ready", flags.wait_for_ready,
                "Wait until the server can be reached rather than fail")
      ->group(group);
  add_tls_flags(command, flags.tls);
  command.parse_complete_callback([&flags] {
    check_tls_flags(flags.tls);
    settle_address(flags);
  });
}

void add_proto_flags(CLI::App& command, ProtoFlags& flags) {
  const std::string group = "Types";
  command
      .add_option("--proto", flags.files,
                  "Take the types from this .proto file rather than by reflection; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option("-I,--import", flags.import_dirs,
                  "Look for .proto files below this directory; may be repeated (default: the "
                  "current one)")
      ->type_name("DIR")
      ->allow_extra_args(false)
      ->group(group);
}

void set_address(const std::string& text, ConnectionFlags& flags) {
  flags.address = text;
  flags.target = text;
  // Which URLs there may be depends on the protocol.
  if (is_url(text)) return;
  const Result<std::string> target = target_of(text);
  if (!target.ok()) throw CLI::ValidationError(std::string(target.status().message()));
  flags.target = *target;
}

void settle_address(ConnectionFlags& flags) {
  if (flags.address.empty()) return;
  const Result<Targets> targets = targets_of(flags);
  if (!targets.ok()) throw CLI::ValidationError(std::string(targets.status().message()));
  flags.target = targets->calls;
  flags.types_target = targets->types;
  if (flags.protocol == CallProtocol::Grpc && flags.address.starts_with("https://")) {
    flags.tls.tls = true;
  }
}

}  // namespace weft::cli
