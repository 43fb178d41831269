// weft on a program's own io_context: `own_io_context [ADDRESS]`. One thread runs the program's
// Asio code and weft's server; the handler awaits an Asio timer. SIGTERM drains the server, then
// the program ends.

#include <iostream>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "weft/coro/scope.h"
#include "weft/net/asio_await.h"
#include "weft/net/asio_loop.h"
#include "weft/rpc/server.h"

#include "echo.weft.h"

namespace asio = boost::asio;
using own::Text;

namespace {

class Echo final : public own::EchoService {
 public:
  explicit Echo(asio::io_context& context) : context_(context) {}

 private:
  weft::Task<weft::Result<Text>> Say(weft::ServerContext&, const Text& request) override {
    // Any Asio operation of the program can be awaited; other calls go on meanwhile.
    asio::steady_timer timer(context_, std::chrono::milliseconds(10));
    const boost::system::error_code error = co_await timer.async_wait(weft::net::use_await);
    if (error) co_return weft::internal_error(error.message());
    co_return request;
  }

  asio::io_context& context_;
};

weft::Task<> drain(weft::Server& server, weft::net::Loop& loop) {
  co_await server.shutdown();
  std::cout << "drained" << std::endl;
  loop.stop();  // nothing is left to do, so the io_context's run() returns
}

}  // namespace

int main(int argc, char* argv[]) {
  asio::io_context context(1);
  weft::net::AsioLoop loop(context);

  weft::Server server{{.listen = argc > 1 ? argv[1] : "127.0.0.1:50051", .loops = {&loop}}};
  server.add<Echo>(context);
  const weft::Status started = server.start();
  if (!started.ok()) {
    std::cerr << started.to_string() << '\n';
    return 1;
  }
  std::cout << "listening on " << server.addresses().front().to_string() << std::endl;

  weft::Scope scope(nullptr);
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    // This handler is Asio's, so it steps onto the loop before it uses weft.
    if (!error) loop.enter([&] { scope.spawn(drain(server, loop)); });
  });
  context.run();
  return 0;
}
