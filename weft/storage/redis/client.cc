#include "weft/storage/redis/client.h"

#include <span>
#include <utility>

#include "weft/net/loop/close_on_loop.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/loop_local.h"
#include "weft/storage/redis/internal/command_kind.h"
#include "weft/storage/redis/internal/loop_client.h"

namespace weft::redis {

/// A LoopClient for each loop that asks.
class ClientState {
 public:
  explicit ClientState(Setup setup) : setup_(std::make_shared<const Setup>(std::move(setup))) {}

  std::shared_ptr<LoopClient> here() const {
    net::Loop& loop = *net::Loop::current();
    return parts_.of(loop, loop, setup_).client;
  }

 private:
  /// Closes it on its loop's thread.
  struct Part {
    Part(net::Loop& loop, const std::shared_ptr<const Setup>& setup)
        : anchor(loop.anchor()), client(std::make_shared<LoopClient>(loop, setup)) {}
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    ~Part() { net::close_on_loop(*anchor, std::move(client)); }
    std::shared_ptr<net::LoopAnchor> anchor;
    std::shared_ptr<LoopClient> client;
  };

  const std::shared_ptr<const Setup> setup_;
  net::LoopLocal<Part> parts_;
};

namespace {

Task<Result<Value>> failed(Status status) { co_return status; }

// The loop is the one that awaits, which need not be where the task was made.
Task<Result<Value>> run_one(std::shared_ptr<ClientState> state, Command command) {
  co_return co_await LoopClient::perform(state->here(), std::span(&command, 1));
}

Task<Result<Value>> run_all(std::shared_ptr<ClientState> state, std::vector<Command> commands) {
  Result<Value> value = co_await LoopClient::perform(state->here(), commands);
  if (value.ok() && value->is_null()) co_return aborted("the server ran none of the commands");
  co_return value;
}

Status check_options(const Options& options, const Endpoint& endpoint) {
  if (options.pipeline_depth == 0) return invalid_argument("Options::pipeline_depth is 0");
  if (options.max_waiting == 0) return invalid_argument("Options::max_waiting is 0");
  for (const auto& [name, value] : {std::pair("connect_timeout", options.connect_timeout),
                                    std::pair("answer_timeout", options.answer_timeout)}) {
    if (value > Duration::zero()) continue;
    return invalid_argument("Options::" + std::string(name) + " is " + to_string(value) +
                            ", and has to be more than 0");
  }
  if (!options.tls.has_value() || endpoint.tls) return {};
  return invalid_argument(
      "Options::tls is set, but the URL does not begin with rediss://, so nothing would be "
      "encrypted");
}

}  // namespace

Task<Result<Value>> Client::run(Command command) {
  Status status = check_command(command);
  if (!status.ok()) return failed(std::move(status));
  return run_one(state_, std::move(command));
}

Task<Result<Value>> Client::exec(Multi commands) {
  std::vector<Command> all;
  all.reserve(commands.size() + 2);
  all.emplace_back("MULTI");
  for (Command& command : commands.commands_) {
    Status status = check_command(command);
    if (!status.ok()) return failed(std::move(status));
    all.push_back(std::move(command));
  }
  all.emplace_back("EXEC");
  return run_all(state_, std::move(all));
}

Task<Result<Client>> open(std::string url, Options options) {
  Setup setup;
  Result<Endpoint> endpoint = Endpoint::parse(url);
  if (!endpoint.ok()) co_return endpoint.status();
  setup.endpoint = *std::move(endpoint);
  if (Status status = check_options(options, setup.endpoint); !status.ok()) co_return status;
  setup.options = std::move(options);
  if (setup.endpoint.tls) {
    net::TlsClientOptions tls = setup.options.tls.value_or(net::TlsClientOptions());
    // Redis knows no ALPN, which is how HTTP/1.1 is agreed on.
    if (tls.alpn.empty()) tls.alpn.emplace_back("http/1.1");
    Result<std::shared_ptr<net::TlsClientContext>> context = net::TlsClientContext::create(tls);
    if (!context.ok()) co_return context.status();
    setup.tls = *std::move(context);
  }
  Client client(std::make_shared<ClientState>(std::move(setup)));
  const Result<Value> pong = co_await client.run("PING");
  if (!pong.ok()) co_return pong.status();
  co_return client;
}

}  // namespace weft::redis
