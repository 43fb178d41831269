#include <cstdio>
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <unistd.h>

#include "weft/base/text/printable.h"
#include "weft/rpc/client/client_stream.h"
#include "weft/rpc/client/unary_call.h"

#include "grpc/health/v1/health.pb.h"
#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"
#include "tools/weft/connection_flags.h"
#include "tools/weft/terminal.h"

namespace weft::cli {
namespace {

namespace health = grpc::health::v1;

constexpr const char* kExamples = R"(Examples:
  weft health :50051
  weft health :50051 calculator.Calculator
  weft health :50051 --watch
  weft health :50051 --all

Exit status: 0 when the service is SERVING, 1 when it is not, else the gRPC status code + 64
(69 NOT_FOUND: the server has not heard of the service).)";

constexpr int kNotServing = 1;

constexpr MethodDescriptor kCheck = {.name = "Check", .path = "/grpc.health.v1.Health/Check"};
constexpr MethodDescriptor kList = {.name = "List", .path = "/grpc.health.v1.Health/List"};
constexpr MethodDescriptor kWatch = {
    .name = "Watch", .path = "/grpc.health.v1.Health/Watch", .kind = MethodKind::ServerStreaming};

struct HealthFlags {
  ConnectionFlags connection;
  std::string service;
  bool watch = false;
  bool all = false;
};

std::string painted(health::HealthCheckResponse::ServingStatus status) {
  const Style style = Style::of(STDOUT_FILENO);
  std::string name = health::HealthCheckResponse::ServingStatus_Name(status);
  if (name.empty()) name = "status " + std::to_string(static_cast<int>(status));
  return style.paint(status == health::HealthCheckResponse::SERVING ? style.green : style.red,
                     name);
}

void print(const health::HealthCheckResponse& response) {
  std::printf("%s\n", painted(response.status()).c_str());
  std::fflush(stdout);
}

Task<int> check(Channel& channel, const HealthFlags& flags) {
  health::HealthCheckRequest request;
  request.set_service(flags.service);
  const CallOptions options = flags.connection.call_options();
  const Result<health::HealthCheckResponse> response =
      co_await rpc::call_unary<health::HealthCheckResponse>(channel, kCheck, request, options);
  if (!response.ok()) co_return report(response.status());
  print(*response);
  co_return response->status() == health::HealthCheckResponse::SERVING ? 0 : kNotServing;
}

Task<int> list(Channel& channel, const HealthFlags& flags) {
  const health::HealthListRequest request;
  const CallOptions options = flags.connection.call_options();
  const Result<health::HealthListResponse> response =
      co_await rpc::call_unary<health::HealthListResponse>(channel, kList, request, options);
  if (!response.ok()) co_return report(response.status());
  bool serving = true;
  for (const auto& [service, answer] : response->statuses()) {
    const std::string name = service.empty() ? "(the server)" : printable(service);
    std::printf("%s %s\n", painted(answer.status()).c_str(), name.c_str());
    serving = serving && answer.status() == health::HealthCheckResponse::SERVING;
  }
  co_return serving ? 0 : kNotServing;
}

Task<int> watch(Channel& channel, const HealthFlags& flags) {
  health::HealthCheckRequest request;
  request.set_service(flags.service);
  const CallOptions options = flags.connection.call_options();
  Context* context = co_await current_context();
  ClientReader<health::HealthCheckResponse> reader(
      rpc::StreamingCall::start(context, channel, kWatch, &request, options));
  health::HealthCheckResponse response;
  while (co_await reader.read(response)) print(response);
  const Status status = co_await reader.finish();
  co_return report(status);
}

Task<int> health_command(std::shared_ptr<const HealthFlags> flags) {
  Channel channel(flags->connection.target, flags->connection.channel_options());
  if (flags->watch) co_return co_await watch(channel, *flags);
  if (flags->all) co_return co_await list(channel, *flags);
  co_return co_await check(channel, *flags);
}

}  // namespace

void add_health_command(CLI::App& app, Command& chosen) {
  CLI::App& command =
      *app.add_subcommand("health", "Ask whether a server, or one of its services, takes calls");
  auto flags = std::make_shared<HealthFlags>();
  command
      .add_option_function<std::string>(
          "ADDRESS", [flags](const std::string& text) { set_address(text, flags->connection); },
          "Where the server is: host:port, :port, dns:///, ipv4:, ipv6:, unix:")
      ->required();
  CLI::Option* service = command.add_option("SERVICE", flags->service,
                                            "Full name of a service (default: the whole server)");
  CLI::Option* watch =
      command.add_flag("-w,--watch", flags->watch, "Print the status now and each time it changes");
  command.add_flag("--all", flags->all, "Print the status of every service")
      ->excludes(watch)
      ->excludes(service);
  add_connection_flags(command, flags->connection);
  add_protocol_flag(command, flags->connection);
  command.footer(kExamples);
  command.callback([flags, &chosen] { chosen = [flags] { return health_command(flags); }; });
}

}  // namespace weft::cli
