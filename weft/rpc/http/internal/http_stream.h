#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/coro/context.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/coro/frame/small_task.h"
#include "weft/http2/session/session.h"
#include "weft/rpc/connection/internal/connection.h"
#include "weft/rpc/http/http_handler.h"
#include "weft/rpc/server/socket/internal/other_protocols.h"

namespace weft::rpc {

/// Puts a pseudo-header into `head`; false where the field is none.
bool take_pseudo(const http2::HeaderField& field, HttpHead& head) noexcept;

/// An HTTP exchange on a stream of HTTP/2, between that and its handler. It lives until both have
/// ended.
class HttpStream final : public coro::Pooled, public OtherStream, private HttpExchange {
 public:
  /// Has `handler` serve the request in this turn; the stream is this one's from now on.
  static void begin(ServerConnection& connection, http2::Stream& stream, HttpHandler& handler,
                    http2::HeaderFields fields, bool end_stream);

  // OtherStream
  void on_data(BytesView data, bool end_stream) override;
  void on_request_end(http2::HeaderFields trailers) noexcept override;
  void on_drained() noexcept override;
  void on_stream_closed(const http2::StreamEnd& end) noexcept override;
  void cancel(const Status& reason) noexcept override;
  std::string describe() const override { return described_; }

 private:
  struct Content final : MessageReader {
    explicit Content(HttpStream& of) noexcept : self(of) {}
    Poll poll(Message& out) override { return self.receive(out); }
    void wait(Waiter& waiter) noexcept override {
      keep_waiter(waiting, waiter, "the content of an HTTP request");
    }
    bool unwait() noexcept override { return std::exchange(waiting, nullptr) != nullptr; }
    HttpStream& self;
    Waiter* waiting = nullptr;
  };
  struct Response final : MessageWriter, OutputWaiter {
    explicit Response(HttpStream& of) noexcept : self(of) {}
    Poll offer(const Message& message) override { return self.send(message); }
    void wait(Waiter& waiter) noexcept override;
    bool unwait() noexcept override;
    void on_output_drained() noexcept override { self.wake(waiting); }
    HttpStream& self;
    Waiter* waiting = nullptr;
  };
  /// Begins without the content that was waited for.
  struct Late final : net::Timer {
    explicit Late(HttpStream& of) noexcept : Timer(&Late::due), self(of) {}
    static void due(net::Timer& timer) noexcept {
      HttpStream& self = static_cast<Late&>(timer).self;
      self.loop_.ready(self.start_);
    }
    HttpStream& self;
  };
  struct Start final : Runnable {
    explicit Start(HttpStream& of) noexcept : Runnable(&HttpStream::start), self(of) {}
    HttpStream& self;
  };

  HttpStream(ServerConnection& connection, http2::Stream& stream, HttpHandler& handler,
             http2::HeaderFields fields);
  ~HttpStream();

  // HttpExchange
  const HttpHead& head() const noexcept override { return head_; }
  net::Loop& loop() const noexcept override { return loop_; }
  const Peer::Ref& share_peer() const noexcept override { return peer_; }
  Dispatcher& dispatcher() const noexcept override;
  const HealthRegistry& health() const noexcept override;
  Context& context() noexcept override { return context_; }
  MessageReader& content() noexcept override { return content_; }
  Status hold(std::size_t bytes) override;
  HttpFields trailers() const noexcept override { return trailers_; }
  Status begin(int status, HttpFields fields) override;
  MessageWriter& response() noexcept override { return response_; }
  Status end(HttpFields trailers) override;

  static void start(Runnable& runnable) noexcept;
  bool sends_short_content() const noexcept;
  void start_after_content() noexcept;
  void on_task_done() noexcept;
  void finish(const Status& status) noexcept;
  void complete(const Status& status);
  void answer(int status, std::string_view text);
  void stop_request() noexcept;
  void release() noexcept;
  MessageReader::Poll receive(Message& out);
  void ask_for_content();
  void keep_trailers(http2::HeaderFields trailers);
  void keep(std::string_view data);
  MessageWriter::Poll send(const Message& message);
  void wake(Waiter*& waiter) noexcept;
  std::size_t memory_taken() const noexcept;
  ConnectionMemory& memory() const noexcept { return account_->memory; }

  ServerConnection* connection_;
  http2::Stream* stream_;  // null once it is gone, and the connection may be
  ServerLoop& server_;
  net::Loop& loop_;
  ConnectionAccount::Ref account_;
  Peer::Ref peer_;
  HttpHandler& handler_;
  std::string text_;  // what head_ refers to
  std::vector<HttpField> fields_;
  HttpHead head_;
  std::string described_;
  Context context_;
  std::deque<Bytes> unread_;
  std::string small_;     // what came behind it in small frames
  std::size_t held_ = 0;  // by the handler
  std::string trailers_text_;
  std::vector<HttpField> trailers_;
  Content content_{*this};
  Response response_{*this};
  Start start_{*this};
  Late late_{*this};  // armed: for a short content
  bool input_ended_ = false;
  bool asked_ = false;  // for content that the client holds back until then
  bool begun_ = false;  // the response
  bool ended_ = false;  // it has
  bool starting_ = false;
  bool task_done_ = false;
  bool over_ = false;
  coro::SmallTask<Status> task_;
};

}  // namespace weft::rpc
