#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <CLI/App.hpp>
#include <unistd.h>

#include "weft/net/loop/loop.h"

#include "tools/weft/call/dynamic_call.h"
#include "tools/weft/call/status_text.h"
#include "tools/weft/call/wire_format.h"
#include "tools/weft/commands.h"
#include "tools/weft/connection_flags.h"
#include "tools/weft/curl/curl_call.h"
#include "tools/weft/schema/server_types.h"
#include "tools/weft/server_channels.h"

namespace weft::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weft call :50051 calculator.Calculator/Add '{"a": 2, "b": 3}'
  weft call :50051 calculator.Calculator/Add @request.json --timeout 500ms -v
  seq 5 | sed 's/.*/{"value": &}/' | weft call :50051 calculator.Calculator/Sum -
  weft call :50051 hello.Greeter/SayHello '{}' -H 'authorization: Bearer abc' -H 'key-bin: AQID'
  weft call https://api.example hello.Greeter/SayHello '{}' --protocol connect --proto greeter.proto
  weft call :50051 hello.Greeter/SayHello '{"name": "you"}' --curl
  weft call unix:/run/app.sock hello.Greeter/SayHello --proto greeter.proto -I protos

A method that takes a stream sends the JSON values of DATA, or the JSON lines of standard input, as they come.
Responses are printed as JSON as they come: on a terminal over several lines, else one on a line.

Exit status: 0 for OK, 2 for a mistake in the command or its JSON, else the gRPC status code + 64
(68 DEADLINE_EXCEEDED, 69 NOT_FOUND, 78 UNAVAILABLE ...) with the status on standard error.)";

struct CallFlags {
  ConnectionFlags connection;
  ProtoFlags protos;
  MethodName method;
  std::optional<std::string> data;
  WireFormat format;
  bool compact = false;
  bool pretty = false;
  bool no_defaults = false;
  bool verbose = false;
  std::string curl;  ///< "connect", "rest"; empty: a call is made
};

ResponseFormat format_of(const CallFlags& flags) {
  const bool pretty = flags.pretty || (!flags.compact && is_terminal(STDOUT_FILENO));
  return {.layout = pretty ? JsonLayout::Pretty : JsonLayout::Compact,
          .decode = {.emit_defaults = !flags.no_defaults},
          .style = Style::of(STDOUT_FILENO)};
}

/// Whoever types requests should know that they are waited for.
void announce_input(const std::optional<std::string>& data, bool streams) {
  const bool reads_input = data ? *data == "-" : streams;
  if (!reads_input || !is_terminal(STDIN_FILENO)) return;
  std::fputs("requests are read as JSON from the terminal; Ctrl-D ends them\n", stderr);
}

/// The deadline counts from the start of the command, reflection included.
CallOptions with_time_left(CallOptions options, TimePoint deadline, TimePoint now) {
  if (deadline != kNever) options.timeout = deadline - now;
  return options;
}

Task<int> print_curl(const CallFlags& flags, const Schema& schema, const Method& method,
                     RequestSource& requests) {
  const CurlForm form = flags.curl == "rest" ? CurlForm::Rest : CurlForm::Connect;
  const Result<std::string> command =
      co_await curl_call(flags.connection, schema, method, requests, form);
  if (!command.ok()) co_return report(command.status());
  const bool written = std::printf("%s\n", command->c_str()) >= 0 && std::fflush(stdout) == 0;
  co_return written ? 0 : kOutputError;
}

Task<int> call(std::shared_ptr<const CallFlags> flags) {
  const net::Loop& loop = *net::Loop::current();
  const TimePoint deadline = after(loop.now(), flags->connection.timeout);
  ServerChannels channels(flags->connection);
  const CallOptions options = flags->connection.call_options();
  const Result<Schema> schema =
      co_await types_of(flags->protos, channels.types(), options, flags->method.service);
  if (!schema.ok()) co_return report(schema.status());
  const Result<Method> method = schema->method(flags->method.service, flags->method.method);
  if (!method.ok()) co_return report(method.status());
  Result<std::unique_ptr<TextSource>> text = text_of(flags->data, streams_requests(method->kind()));
  if (!text.ok()) co_return report(text.status());
  announce_input(flags->data, streams_requests(method->kind()));

  RequestSource requests(*std::move(text));
  if (!flags->curl.empty()) co_return co_await print_curl(*flags, *schema, *method, requests);
  const ResponseFormat format = format_of(*flags);
  const Style trace_style = Style::of(STDERR_FILENO);
  CallTrace trace(flags->verbose, loop, trace_style);
  const CallOptions left = with_time_left(options, deadline, loop.now());
  AnyTypes types(*schema, channels.types(), left, flags->method.service,
                 flags->protos.files.empty());
  DynamicCall dynamic(types, *method, flags->format, format, trace);
  trace.start(flags->connection.target, *method, left);
  CallOptions in_format = left;
  in_format.codec = flags->format.codec();
  const Status status = co_await dynamic.run(channels.calls(), in_format, requests);
  const int reported = report(status, &types.schema());
  co_return dynamic.output_ok() ? reported : kOutputError;
}

}  // namespace

void add_call_command(CLI::App& app, Command& chosen) {
  CLI::App& command = *app.add_subcommand("call", "Call a method, with JSON for messages");
  auto flags = std::make_shared<CallFlags>();
  command
      .add_option_function<std::string>(
          "ADDRESS", [flags](const std::string& text) { set_address(text, flags->connection); },
          "Where the server is: host:port, :port, dns:///, ipv4:, ipv6:, unix:")
      ->required();
  command
      .add_option_function<std::string>(
          "METHOD",
          [flags](const std::string& text) {
            Result<MethodName> name = parse_method_name(text);
            if (!name.ok()) throw CLI::ValidationError(std::string(name.status().message()));
            flags->method = *std::move(name);
          },
          "package.Service/Method")
      ->required();
  command.add_option("DATA", flags->data,
                     "The request as JSON; @FILE reads it from a file, - from standard input "
                     "(default: {}, and standard input for a stream of requests)");
  CLI::Option* format = command.add_option_function<std::string>(
      "--format",
      [flags](const std::string& name) {
        Result<WireFormat> format = WireFormat::of(name);
        if (!format.ok()) throw CLI::ValidationError(std::string(format.status().message()));
        flags->format = *std::move(format);
      },
      "The format in which messages travel: proto (default), json, msgpack or xml");
  format->type_name("NAME");
  command
      .add_flag(
          "--curl{connect}", flags->curl,
          "Call nothing; print the command of curl that makes this call with JSON, by Connect, "
          "or with --curl=rest by the method's path of google.api.http")
      ->check(CLI::IsMember({"connect", "rest"}))
      ->excludes(format);
  command.add_flag("-v,--verbose", flags->verbose,
                   "Show metadata, trailers, sizes and times on standard error");
  command.add_flag(
      "--no-defaults", flags->no_defaults,
      "Leave out fields with their default value: 0, \"\", false, empty lists and maps");
  // It asked for what is the default now, and goes on to.
  command.add_flag("--emit-defaults")->group("");
  CLI::Option* compact = command.add_flag("--compact", flags->compact, "A response on one line");
  command.add_flag("--pretty", flags->pretty, "A response over several lines")->excludes(compact);
  add_connection_flags(command, flags->connection);
  add_protocol_flag(command, flags->connection);
  add_proto_flags(command, flags->protos);
  command.footer(kExamples);
  command.callback([flags, &chosen] { chosen = [flags] { return call(flags); }; });
}

}  // namespace weft::cli
