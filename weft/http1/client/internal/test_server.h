#pragma once

// What the tests of the client share: a server by script and a client, on a simulated network.

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http1/client/client.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/run.h"

namespace weft::http1::test {

/// "HTTP/1.1 200 OK" with a body whose length is told.
inline std::string ok(std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) +
         "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// A server on a simulated host. To each request it sends the next answer of its script, the last
/// one again and again. A request is whole when its head, and a body of a told length or in chunks,
/// is there.
class ScriptedServer {
 public:
  enum class Then : std::uint8_t { Keep, Close };
  /// When an answer is sent.
  enum class When : std::uint8_t { AfterRequest, AfterHead };

  ScriptedServer(net::SimLoop& host, std::uint16_t port) : host_(host) {
    Result<std::unique_ptr<net::Listener>> made =
        host.listen(net::Address::memory(host.name(), port), {},
                    [this](std::unique_ptr<net::Accepted> accepted) {
                      peers_.push_back(std::make_unique<Peer>(*this, accepted->bind_to(host_)));
                      peers_.back()->on_readable();
                    });
    EXPECT_TRUE(made.ok()) << made.status();
    listener_ = *std::move(made);
  }

  void answer(std::string bytes, Then then = Then::Keep, When when = When::AfterRequest) {
    script_.push_back({.bytes = std::move(bytes), .then = then, .when = when});
  }
  /// Answers each request with what `make` makes of it, in place of a script.
  void answer_by(std::function<std::string(std::string_view request)> make) {
    make_ = std::move(make);
  }
  /// Sends bytes on the connection that was made last, as they are.
  void send(std::string_view bytes) {
    host_.enter([&] { peers_.back()->send(bytes); });
  }
  void close() {
    host_.enter([&] { peers_.back()->stream->close(); });
  }
  /// Takes nothing of what clients send, from the next connection on.
  void read_nothing() { reads_ = false; }

  /// The requests so far, with their bodies as they came.
  const std::vector<std::string>& requests() const noexcept { return requests_; }
  std::size_t connections() const noexcept { return peers_.size(); }
  /// Those that the client has not closed.
  std::size_t open_connections() const noexcept {
    return static_cast<std::size_t>(
        std::count_if(peers_.begin(), peers_.end(), [](const auto& peer) { return !peer->ended; }));
  }

 private:
  struct Answer {
    std::string bytes;
    Then then;
    When when;
  };
  struct Peer final : net::StreamHandler {
    Peer(ScriptedServer& owner, std::unique_ptr<net::Stream> made)
        : server(owner), stream(std::move(made)) {
      stream->set_handler(this);
    }
    void on_readable() noexcept override {
      if (!server.reads_) return;
      std::array<char, 4096> block;
      for (;;) {
        const net::IoResult result = stream->read(block);
        if (result.kind == net::IoResult::Kind::WouldBlock) return stream->want_read();
        if (result.kind != net::IoResult::Kind::Done) {
          ended = true;
          return stream->close();
        }
        in.append(block.data(), result.size);
        while (server.take(*this)) {
        }
      }
    }
    void on_writable() noexcept override {
      while (!out.empty()) {
        const iovec slice{.iov_base = out.data(), .iov_len = out.size()};
        const net::IoResult result = stream->write({&slice, 1});
        if (result.kind == net::IoResult::Kind::WouldBlock) return stream->want_write();
        if (result.kind != net::IoResult::Kind::Done) return;
        out.erase(0, result.size);
      }
      if (closes) stream->close();
    }
    void send(std::string_view bytes) {
      out.append(bytes);
      on_writable();
    }
    ScriptedServer& server;
    std::unique_ptr<net::Stream> stream;
    std::string in;
    std::string out;
    bool closes = false;
    bool ended = false;     // by the client
    bool answered = false;  // the request that is still coming
  };

  /// The size of the whole request at the front; 0 where it is not whole.
  static std::size_t size_of_request(std::string_view in, std::size_t head) {
    const std::string_view fields = in.substr(0, head);
    if (const std::size_t at = fields.find("content-length: "); at != std::string_view::npos) {
      const std::size_t size = head + std::stoul(std::string(fields.substr(at + 16)));
      return in.size() >= size ? size : 0;
    }
    if (fields.find("transfer-encoding: chunked") == std::string_view::npos) return head;
    const std::size_t end = in.find("0\r\n\r\n", head);
    return end == std::string_view::npos ? 0 : end + 5;
  }
  bool take(Peer& peer) {
    const std::size_t end = peer.in.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    if (!peer.answered && !script_.empty() && script_.front().when == When::AfterHead) {
      reply(peer);
      peer.answered = true;
    }
    const std::size_t size = size_of_request(peer.in, end + 4);
    if (size == 0) return false;
    requests_.push_back(peer.in.substr(0, size));
    peer.in.erase(0, size);
    if (make_) {
      peer.send(make_(requests_.back()));
      return true;
    }
    if (!std::exchange(peer.answered, false)) reply(peer);
    return true;
  }
  void reply(Peer& peer) {
    if (script_.empty()) return;
    const Answer answer = script_.front();
    if (script_.size() > 1) script_.pop_front();
    peer.closes = answer.then == Then::Close;
    peer.send(answer.bytes);
  }

  net::SimLoop& host_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::deque<Answer> script_;
  std::function<std::string(std::string_view)> make_;
  std::vector<std::string> requests_;
  bool reads_ = true;
};

/// Options that do not depend on the environment of the tests.
inline ClientOptions options() {
  ClientOptions made;
  made.proxy = "";
  return made;
}

class ClientTest : public ::testing::Test {
 protected:
  ~ClientTest() override {
    http.reset();
    network.run_for(std::chrono::minutes(10));
  }
  net::SimLoop& host() { return network.host("client"); }
  void use(ClientOptions with) { http = std::make_unique<Client>(std::move(with)); }
  Result<Response> send(Request request) {
    return testing::run(host(), http->send(std::move(request)));
  }
  Result<Response> get(std::string url = "http://server/") {
    return testing::run(host(), http->get(std::move(url)));
  }
  /// The answer's body, or the status in words.
  std::string text_of(const Result<Response>& response) {
    return response.ok() ? std::string(response->text()) : response.status().to_string();
  }
  /// What the client makes of an answer that is all a server sends.
  std::string outcome(const std::string& answer, ScriptedServer::Then then) {
    server.answer(answer, then);
    Result<Response> response = get();
    return text_of(response);
  }

  net::SimNetwork network{1};
  ScriptedServer server{network.host("server"), 80};
  std::unique_ptr<Client> http = std::make_unique<Client>(options());
};

}  // namespace weft::http1::test
