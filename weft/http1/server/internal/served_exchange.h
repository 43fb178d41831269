#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "weft/coro/context.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/coro/frame/small_task.h"
#include "weft/http1/message/head.h"
#include "weft/http1/server/internal/request_content.h"
#include "weft/http1/server/internal/served_response.h"
#include "weft/http1/server/protocol.h"
#include "weft/rpc/http/http_handler.h"
#include "weft/rpc/protocol/wire_protocol.h"

namespace weft::http1 {

/// Whom the handler of an exchange ends for.
class ExchangeOwner : public ContentSource, public ResponseSink {
 public:
  /// The handler has ended. The exchange is destroyed in a later step, as it is on the stack below.
  virtual void on_handler_end() noexcept = 0;
  /// The exchange takes more or less memory than before.
  virtual void on_memory_changed() noexcept = 0;
  /// The response breaks off: the client has to see that.
  virtual void on_broken_response() noexcept = 0;

 protected:
  ~ExchangeOwner() = default;
};

/// One request of a connection and its response, with the handler that serves it.
class ServedExchange final : public coro::Pooled, public rpc::HttpExchange {
 public:
  ServedExchange(rpc::WireConnection& wire, ExchangeOwner& owner, const ProtocolOptions& options);
  ServedExchange(const ServedExchange&) = delete;
  ServedExchange& operator=(const ServedExchange&) = delete;
  ~ServedExchange();

  /// Parses the head; a fault says why it is refused.
  Fault parse(std::string_view text);
  const RequestHead& request() const noexcept { return request_; }
  RequestContent& request_content() noexcept { return content_; }
  ServedResponse& answer() noexcept { return response_; }

  /// Has `handler` serve it in this turn; the request counts (WireConnection::request_began()).
  void serve(rpc::HttpHandler& handler) noexcept;
  /// Answers it without a handler.
  void refuse(int status, std::string_view why);
  /// The handler has ended, or there is none.
  bool handled() const noexcept { return handled_; }
  /// The client has gone, or the server stops: the handler is to end, and nothing can be sent.
  void cancel(const Status& why) noexcept;

  std::size_t memory() const noexcept;

  // HttpExchange
  const rpc::HttpHead& head() const noexcept override { return head_; }
  net::Loop& loop() const noexcept override { return wire_.loop(); }
  const Peer::Ref& share_peer() const noexcept override { return wire_.peer(); }
  rpc::Dispatcher& dispatcher() const noexcept override { return wire_.dispatcher(); }
  const HealthRegistry& health() const noexcept override { return wire_.health(); }
  Context& context() noexcept override { return context_; }
  MessageReader& content() noexcept override { return content_; }
  Status hold(std::size_t bytes) override;
  rpc::HttpFields trailers() const noexcept override { return content_.trailers(); }
  Status begin(int status, rpc::HttpFields fields) override {
    return response_.begin(status, fields);
  }
  MessageWriter& response() noexcept override { return response_; }
  Status end(rpc::HttpFields trailers) override { return response_.end(trailers); }

 private:
  struct Start final : Runnable {
    explicit Start(ServedExchange& of) noexcept : Runnable(&ServedExchange::start), self(of) {}
    ServedExchange& self;
  };
  static void start(Runnable& runnable) noexcept;
  void run() noexcept;
  void on_task_done() noexcept;
  void finish(const Status& status) noexcept;
  void make_head();
  std::string describe() const;

  rpc::WireConnection& wire_;
  ExchangeOwner& owner_;
  const ProtocolOptions& options_;
  RequestHead request_;
  rpc::HttpHead head_;
  Context context_;
  RequestContent content_;
  ServedResponse response_;
  rpc::HttpHandler* handler_ = nullptr;
  bool handled_ = false;
  std::size_t held_ = 0;  // by the handler
  Start start_{*this};
  coro::SmallTask<Status> task_;
};

}  // namespace weft::http1
