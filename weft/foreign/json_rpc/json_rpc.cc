#include "weft/foreign/json_rpc/json_rpc.h"

#include <utility>

#include "weft/foreign/internal/served_connection.h"
#include "weft/foreign/json/json_server_format.h"

namespace weft::foreign {
namespace {

class JsonRpc final : public rpc::WireProtocol {
 public:
  explicit JsonRpc(JsonRpcOptions options) : options_(std::move(options)) {}

  std::string name() const override { return "JSON-RPC"; }
  Match matches(std::string_view bytes) const noexcept override {
    return bytes.starts_with('{') || bytes.starts_with('[') ? Match::Yes : Match::No;
  }
  Task<> serve(rpc::WireConnection& connection) override {
    return serve_connection(connection, options_);
  }

 private:
  static Task<> serve_connection(rpc::WireConnection& connection, const JsonRpcOptions& options) {
    Methods methods(connection.dispatcher(), options.services);
    JsonServerFormat format(methods, connection.dispatcher().rules().max_receive_size,
                            options.limits.max_depth, options.field_names);
    ServedConnection served(connection, format, options.limits);
    co_await served.run();
  }

  const JsonRpcOptions options_;
};

}  // namespace

std::shared_ptr<rpc::WireProtocol> json_rpc(JsonRpcOptions options) {
  return std::make_shared<JsonRpc>(std::move(options));
}

}  // namespace weft::foreign
