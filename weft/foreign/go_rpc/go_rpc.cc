#include "weft/foreign/go_rpc/go_rpc.h"

#include <utility>

#include "weft/foreign/go_rpc/internal/json_server_format.h"
#include "weft/foreign/internal/served_connection.h"

namespace weft::foreign {
namespace {

class GoRpc final : public rpc::WireProtocol {
 public:
  explicit GoRpc(GoRpcOptions options) : options_(std::move(options)) {}

  std::string name() const override { return "Go's net/rpc"; }
  Match matches(std::string_view bytes) const noexcept override {
    return bytes.starts_with('{') ? Match::Yes : Match::No;
  }
  Task<> serve(rpc::WireConnection& connection) override {
    return serve_json(connection, options_);
  }

 private:
  static Task<> serve_json(rpc::WireConnection& connection, const GoRpcOptions& options) {
    Methods methods(connection.dispatcher(), options.services);
    JsonServerFormat format(methods, connection.dispatcher().rules().max_receive_size,
                            options.limits.max_depth, options.field_names);
    ServedConnection served(connection, format, options.limits);
    co_await served.run();
  }

  const GoRpcOptions options_;
};

}  // namespace

std::shared_ptr<rpc::WireProtocol> go_rpc(GoRpcOptions options) {
  return std::make_shared<GoRpc>(std::move(options));
}

}  // namespace weft::foreign
