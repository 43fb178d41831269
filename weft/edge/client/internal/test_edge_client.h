#pragma once

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/edge/client/client_transport.h"
#include "weft/edge/edge.h"
#include "weft/edge/internal/test_edge.h"
#include "weft/http1/server/protocol.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/client_stream.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/testing/in_process.h"

/// For the tests of the client: weft's own server with the edge's protocols, in virtual time, and a
/// channel to it by a scheme.
namespace weft::edge::test {

class ClientWorld {
 public:
  explicit ClientWorld(const std::string& scheme, ChannelOptions options = {},
                       ServerOptions server = {})
      : world_({.server = std::move(server)}) {
    notes_ = &world_.add<Notes>();
    world_.server().add(protocols());
    world_.server().add(http1::protocol());
    channel_ = std::make_unique<Channel>(scheme + "server:50051", std::move(options));
  }
  ClientWorld(const ClientWorld&) = delete;
  ClientWorld& operator=(const ClientWorld&) = delete;
  ~ClientWorld() {
    channel_.reset();
    world_.run_for(1min);
  }

  Channel& channel() { return *channel_; }
  void drop_channel() { channel_.reset(); }
  Notes& notes() { return *notes_; }
  testing::InProcess& world() { return world_; }
  template <class T>
  T run(Task<T> task, Context* context = nullptr) {
    world_.start();
    return world_.run(std::move(task), 1h, context);
  }
  Result<Note> echo(std::string_view text, const CallOptions& options = {}) {
    const Note request = note(text);
    return run(rpc::call_unary<Note>(*channel_, kMethods[0], request, options));
  }
  /// What the server streams back, each message behind a dot, and the status.
  std::string expand(std::string_view text, const CallOptions& options = {}) {
    return run(expand_all(*channel_, std::string(text), options));
  }
  static Task<std::string> expand_all(Channel& channel, std::string text, CallOptions options) {
    const Note request = note(text);
    auto reader =
        co_await rpc::OpenStream<ClientReader<Note>>(channel, kMethods[2], &request, options);
    std::string seen;
    for (;;) {
      const std::optional<Note> part = co_await reader.read();
      if (!part) break;
      seen += "." + part->file_name();
    }
    const Status status = co_await reader.finish();
    co_return seen + " " + status.to_string();
  }

 private:
  testing::InProcess world_;
  Notes* notes_;
  std::unique_ptr<Channel> channel_;
};

}  // namespace weft::edge::test
