#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <CLI/App.hpp>
#include <unistd.h>

#include "weft/rpc/client/unary_call.h"

#include "tools/weft/bench/bench_flags.h"
#include "tools/weft/bench/load/load_run.h"
#include "tools/weft/bench/report/bench_report.h"
#include "tools/weft/bench/report/progress_line.h"
#include "tools/weft/bench/report/result_file.h"
#include "tools/weft/call/dynamic_call.h"
#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"
#include "tools/weft/schema/server_types.h"
#include "tools/weft/server_channels.h"

namespace weft::cli {
namespace bench {
namespace {

constexpr const char* kExamples = R"(Examples:
  weft bench :50051 hello.Greeter/SayHello -d '{"name": "you"}' -c 8 -m 32 -z 30s --html report.html
  weft bench :50051 hello.Greeter/SayHello -d '{"name": "{{text:16}}"}' --rate 5k -c 4 -m 100
  weft bench :50051 shop.Shop/Read=9 shop.Shop/Buy -d @reads.json -d 'Buy={"id": {{n}}}' -n 1M
  weft bench :50051 chat.Chat/Talk --stream -c 4 -m 10
  weft bench :50051 hello.Greeter/SayHello -c 8 -m 32 --timeout 5s -H 'x-request-id: {{uuid}}' \
      -H 'traceparent: 00-{{hex:32}}-{{hex:16}}-01' -H "authorization: Bearer $TOKEN"

Without --rate the loop is closed: -c times -m calls are under way, and the next begins when one ends.
With it calls are due at that rate whatever the server does, and latency counts from when they were due.

Variables in the JSON and in headers: {{n}} number of the call, {{random}}, {{random:LOW:HIGH}}, {{uuid}},
{{text:SIZE}}, {{hex:SIZE}}, {{bytes:SIZE}} (base64), and {{fill:SIZE}}, {{zeros:SIZE}} (base64), which are
the same in every call.

Ctrl-C ends the run early and prints what was measured.
Exit status: 0 when every call ended OK, 2 for a mistake in the command or its JSON, else the first failing
gRPC status code + 64.)";

// For asking for the types, and for the call that shows whether a method works. Calls have no time
// limit unless --timeout gives one, and a run must begin or say why it cannot.
constexpr Duration kPreparation = std::chrono::seconds(10);

/// One call with the first message of a method, looking at the answer as nobody does in the run.
Task<Status> check(const Schema& schema, Channel& channel, const MixedMethod& method,
                   const CallOptions& options) {
  Variables variables;
  Result<Bytes> message = method.message(0, variables);
  if (!message.ok()) co_return message.status();
  Context* context = co_await current_context();
  BytesStream stream(
      rpc::StreamingCall::start(context, channel, method.descriptor, nullptr, options));
  const Message request = Message(*std::move(message)).mark_last();
  co_await stream.write(request);
  stream.half_close();
  const std::optional<Message> answer = co_await stream.read();
  if (answer) {
    const Result<std::string> json = decode_to_json(
        schema, *method.method.descriptor->output_type(), answer->to_bytes().to_string());
    if (!json.ok()) co_return json.status();
    // More of them are no matter of the check.
    if (streams_responses(method.descriptor.kind)) co_return Status();
  }
  co_return co_await stream.finish();
}

Task<Status> check_all(const Schema& schema, Channel& channel, const CallMix& mix,
                       const CallOptions& options) {
  for (std::size_t i = 0; i < mix.size(); ++i) {
    const Status status = co_await check(schema, channel, mix[i], options);
    if (status.ok()) continue;
    co_return Status(status.code(),
                     "before the run, a call of " + mix[i].method.path.substr(1) + " failed: " +
                         std::string(status.message()) + " (--no-check measures such calls too)",
                     status.origin())
        .with_details(status.details());
  }
  co_return Status();
}

/// Where a run's figures go beside the table.
struct ResultFiles {
  ResultFile json;
  ResultFile html;
};

Result<ResultFiles> open_files(const BenchFlags& flags) {
  Result<ResultFile> json = ResultFile::open("--json", flags.json);
  if (!json.ok()) return json.status();
  Result<ResultFile> html = ResultFile::open("--html", flags.html);
  if (!html.ok()) return html.status();
  return ResultFiles{*std::move(json), *std::move(html)};
}

int show(const BenchReport& report, ResultFiles& files) {
  const bool json_is_output = report.flags.json == "-" || report.flags.html == "-";
  std::FILE* const out = json_is_output ? stderr : stdout;
  const Style style = Style::of(json_is_output ? STDERR_FILENO : STDOUT_FILENO);
  std::fputs(summary_text(report, style).c_str(), out);
  std::fflush(out);
  bool written = report.flags.json.empty() || files.json.write(json_report(report) + "\n");
  if (!report.flags.html.empty()) written = files.html.write(html_report(report)) && written;
  if (!written) return kOutputError;
  const MethodStats total = report.result.measured.total();
  for (std::size_t code = 1; code < kCodes; ++code) {
    if (total.codes[code] != 0) return 64 + static_cast<int>(code);
  }
  return 0;
}

Task<int> bench(std::shared_ptr<const BenchFlags> flags) {
  LoadPlan plan = flags->plan();
  Status status = check_bench_flags(*flags);
  if (!status.ok()) co_return report(status);
  Result<HeaderTemplates> headers = HeaderTemplates::create(flags->connection.metadata);
  if (!headers.ok()) co_return report(headers.status());
  plan.headers = *std::move(headers);
  // Of the calls before the run.
  Metadata sample;
  Variables sample_variables;
  plan.headers.fill(sample, sample_variables);
  if (!sample.empty()) plan.call.metadata = &sample;
  Result<ResultFiles> files = open_files(*flags);
  if (!files.ok()) {
    static_cast<void>(report(files.status()));
    co_return kOutputError;
  }
  ServerChannels channels(flags->connection);
  Channel& channel = channels.calls();
  // Of a server's types those of the first method's service, unless others are called too.
  bool one_service = true;
  for (const MethodShare& share : flags->methods) {
    one_service = one_service && share.name.service == flags->methods.front().name.service;
  }
  const std::string symbol = one_service ? flags->methods.front().name.service : "";
  // The deadline is that of the calls, not of connecting and of asking for the types.
  CallOptions asking = plan.call;
  asking.timeout = plan.call.wait_for_ready ? kForever : kPreparation;
  const Result<Schema> schema = co_await types_of(flags->protos, channels.types(), asking, symbol);
  if (!schema.ok()) co_return report(schema.status());
  const Result<CallMix> mix = CallMix::create(*schema, flags->methods, flags->data);
  if (!mix.ok()) co_return report(mix.status());
  status = check_kinds(*flags, *mix);
  if (!status.ok()) co_return report(status);
  if (!flags->no_check) {
    status = co_await channel.connect();
    if (!status.ok()) co_return report(status);
    CallOptions checked = plan.call;
    if (checked.timeout == kForever) checked.timeout = kPreparation;
    status = co_await check_all(*schema, channel, *mix, checked);
    if (!status.ok()) co_return report(status, &*schema);
  }

  ProgressLine progress(plan);
  ProgressFunction tell = [](const LoadProgress&) {};
  if (!flags->quiet) {
    tell = [&progress](const LoadProgress& now) { progress.show(now); };
  }
  const Result<LoadResult> result = co_await run_load(*mix, plan, flags->threads, std::move(tell));
  progress.clear();
  if (!result.ok()) co_return report(result.status());
  BenchReport shown{.flags = *flags, .plan = plan, .methods = {}, .result = *result};
  for (std::size_t i = 0; i < mix->size(); ++i) {
    shown.methods.push_back((*mix)[i].method.path.substr(1));
  }
  co_return show(shown, *files);
}

}  // namespace
}  // namespace bench

void add_bench_command(CLI::App& app, Command& chosen) {
  CLI::App& command =
      *app.add_subcommand("bench",
                          "Call methods as fast as they are answered, or at a rate, and "
                          "measure how long that takes");
  auto flags = std::make_shared<bench::BenchFlags>();
  bench::add_bench_flags(command, *flags);
  command.footer(bench::kExamples);
  command.callback([flags, &chosen] { chosen = [flags] { return bench::bench(flags); }; });
}

}  // namespace weft::cli
