#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/foreign/internal/server_format.h"
#include "weft/foreign/internal/test_foreign.h"
#include "weft/rpc/http/http_handler.h"

/// For this room's fuzz targets: formats with the methods of a server.
namespace weft::foreign::test {

/// A server that runs, whose dispatcher is known.
class Dispatching {
 public:
  Dispatching() {
    world_.add<Arith>();
    world_.server().add(std::make_shared<Spy>(dispatcher_));
    world_.start();
  }
  const rpc::Dispatcher& dispatcher() const noexcept { return *dispatcher_; }

 private:
  struct Spy final : rpc::HttpHandler {
    explicit Spy(const rpc::Dispatcher*& to) noexcept : out(to) {}
    Status start(const rpc::Dispatcher& dispatcher) override {
      out = &dispatcher;
      return {};
    }
    bool takes(const rpc::HttpHead&) const override { return false; }
    Task<> serve(rpc::HttpExchange&) override { return {}; }
    const rpc::Dispatcher*& out;
  };
  const rpc::Dispatcher* dispatcher_ = nullptr;
  testing::InProcess world_;
};

/// The requests of bytes that come in parts of `step` bytes, and the code of what is wrong at the
/// end: how an error is worded may depend on what has come.
struct Understood {
  std::vector<Request> requests;
  StatusCode error = StatusCode::Ok;
  bool in_request = false;
};
inline Understood understand(ServerFormat& format, std::string_view bytes, std::size_t step) {
  Understood out;
  while (!bytes.empty()) {
    format.push(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    for (;;) {
      Request request;
      const ServerFormat::Next next = format.next(request);
      if (next == ServerFormat::Next::NeedMore) break;
      if (next == ServerFormat::Next::Broken) {
        out.error = format.error().code();
        return out;
      }
      out.requests.push_back(std::move(request));
    }
  }
  out.in_request = format.in_request();
  return out;
}

inline bool same(const Understood& a, const Understood& b) {
  if (a.error != b.error || a.in_request != b.in_request ||
      a.requests.size() != b.requests.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.requests.size(); ++i) {
    const Request& x = a.requests[i];
    const Request& y = b.requests[i];
    if (x.id != y.id || x.name != y.name || x.status.code() != y.status.code() ||
        x.form != y.form || x.error_code != y.error_code || x.message.view() != y.message.view()) {
      return false;
    }
  }
  return true;
}

/// Aborts where two formats that are alike take other requests from the same bytes: `whole` gets
/// them in one piece, `cut` in parts of `step` bytes.
inline Understood understand_alike(ServerFormat& whole, ServerFormat& cut, std::string_view bytes,
                                   std::size_t step) {
  Understood understood = understand(whole, bytes, bytes.size() + 1);
  if (!same(understood, understand(cut, bytes, std::max<std::size_t>(step, 1)))) std::abort();
  return understood;
}

}  // namespace weft::foreign::test
