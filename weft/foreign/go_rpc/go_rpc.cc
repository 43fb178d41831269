#include "weft/foreign/go_rpc/go_rpc.h"

#include <array>
#include <optional>
#include <utility>

#include "weft/foreign/go_rpc/internal/first_bytes.h"
#include "weft/foreign/go_rpc/internal/gob_server_format.h"
#include "weft/foreign/internal/served_connection.h"
#include "weft/foreign/json/json_server_format.h"

namespace weft::foreign {
namespace {

class GoRpc final : public rpc::WireProtocol {
 public:
  explicit GoRpc(GoRpcOptions options) : options_(std::move(options)) {}

  std::string name() const override { return "Go's net/rpc"; }
  Match matches(std::string_view bytes) const noexcept override {
    GoCodec codec{};
    return match_go(bytes, options_.http_path, codec);
  }
  Task<> serve(rpc::WireConnection& connection) override {
    return serve_connection(connection, options_);
  }

 private:
  static Task<> serve_connection(rpc::WireConnection& connection, const GoRpcOptions& options) {
    Methods methods(connection.dispatcher(), options.services);
    std::string first;
    const std::unique_ptr<ServerFormat> format =
        co_await choose(connection, options, methods, first);
    if (format == nullptr) co_return;
    format->push(first);
    ServedConnection served(connection, *format, options.limits);
    co_await served.run();
  }

  /// By the first bytes, which are read once more.
  static Task<std::unique_ptr<ServerFormat>> choose(rpc::WireConnection& connection,
                                                    const GoRpcOptions& options, Methods& methods,
                                                    std::string& first) {
    const std::size_t most = connection.dispatcher().rules().max_receive_size;
    const int depth = options.limits.max_depth;
    std::array<char, kMostFirstBytes> block;
    GoCodec codec{};
    do {
      const Result<std::size_t> size = co_await connection.read(block);
      if (!size.ok() || *size == 0) co_return nullptr;
      first.append(block.data(), *size);
    } while (match_go(first, options.http_path, codec) == Match::NeedMore);
    if (codec == GoCodec::Json) {
      co_return std::make_unique<JsonServerFormat>(methods, most, depth, options.field_names);
    }
    const auto head = codec == GoCodec::GobOverHttp ? GobServerFormat::Head::Connect
                                                    : GobServerFormat::Head::None;
    co_return std::make_unique<GobServerFormat>(methods, most, depth, head);
  }

  const GoRpcOptions options_;
};

}  // namespace

std::shared_ptr<rpc::WireProtocol> go_rpc(GoRpcOptions options) {
  return std::make_shared<GoRpc>(std::move(options));
}

}  // namespace weft::foreign
