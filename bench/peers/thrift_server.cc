// Thrift's threaded server: a thread for each connection, which is its
// fastest form for few connections.
#include <memory>

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TServerSocket.h>

#include "Echo.h"
#include "bench/payload.h"
#include "bench/peers/server_flags.h"

namespace {

using namespace apache::thrift;

class Handler final : public perf::thrift_echo::EchoIf {
 public:
  void Unary(perf::thrift_echo::Msg& reply, const perf::thrift_echo::Msg& request) override {
    bench::spin_if_asked(request.payload);
    reply.payload = request.payload;
  }
};

/// Says where the server listens once it does.
class SayListening final : public server::TServerEventHandler {
 public:
  explicit SayListening(std::shared_ptr<transport::TServerSocket> socket)
      : socket_(std::move(socket)) {}
  void preServe() override { bench::say_listening(socket_->getPort()); }

 private:
  std::shared_ptr<transport::TServerSocket> socket_;
};

}  // namespace

int main(int argc, char* argv[]) {
  const auto flags = bench::ServerFlags::read(argc, argv);
  auto socket = std::make_shared<transport::TServerSocket>("127.0.0.1", flags.port);
  server::TThreadedServer server(
      std::make_shared<perf::thrift_echo::EchoProcessor>(std::make_shared<Handler>()), socket,
      std::make_shared<transport::TBufferedTransportFactory>(),
      std::make_shared<protocol::TBinaryProtocolFactory>());
  server.setServerEventHandler(std::make_shared<SayListening>(socket));
  server.serve();
}
