#pragma once

// What the tests of TLS share: contexts made in a line, and a handshake of both sides.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "weft/net/internal/test_io.h"
#include "weft/net/internal/tls_contexts.h"
#include "weft/net/memory_stream.h"
#include "weft/net/tls.h"
#include "weft/testing/certificates.h"

namespace weft::net::test {

/// A task that runs beside others on the current loop.
template <class T>
struct Beside {
  explicit Beside(Task<T> started, Context* context = nullptr) : task(std::move(started)) {
    task.start(context, {.function = [](void* self) noexcept { static_cast<Beside*>(self)->end(); },
                         .argument = this});
  }
  void end() noexcept {
    if (waiting != nullptr) waiting->complete();
  }
  /// The task's result, once it has ended.
  Task<T> result() {
    if (!task.done()) {
      Wait wait(*Loop::current());
      waiting = &wait;
      const Status status = co_await wait;
      waiting = nullptr;
      EXPECT_TRUE(status.ok());
    }
    co_return task.take();
  }
  Task<T> task;
  Wait* waiting = nullptr;
};

using StreamResult = Result<std::unique_ptr<Stream>>;

/// Both sides of a handshake, as they saw it.
struct Handshake {
  StreamResult client = Status(unknown_error("not run"));
  StreamResult server = Status(unknown_error("not run"));
  std::string client_error() const { return client.ok() ? "ok" : client.status().to_string(); }
  std::string server_error() const { return server.ok() ? "ok" : server.status().to_string(); }
};

inline Task<Handshake> shake(TlsClientContext& client, TlsServerContext& server,
                             std::unique_ptr<Stream> client_end, std::unique_ptr<Stream> server_end,
                             std::string host) {
  Beside<StreamResult> accepting(server.accept(std::move(server_end)));
  Handshake both;
  both.client = co_await client.connect(std::move(client_end), std::move(host));
  both.server = co_await accepting.result();
  co_return both;
}

template <class T>
std::shared_ptr<T> must(Result<std::shared_ptr<T>> made) {
  EXPECT_TRUE(made.ok()) << made.status().to_string();
  return made.ok() ? std::move(made).value() : nullptr;
}

}  // namespace weft::net::test
