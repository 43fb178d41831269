#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/net/socket/stream.h"

/// For tests in virtual time: a NATS broker with what weft uses of one, and with faults.
namespace weft::nats::test {

class TestBroker {
 public:
  struct Options {
    std::size_t max_payload = 1'000'000;
    bool headers = true;
    std::string password{};  ///< what clients have to send; empty: nothing
    std::string info{};      ///< in place of what it would say
    bool silent = false;     ///< it answers nothing
  };

  explicit TestBroker(net::SimLoop& host) : TestBroker(host, Options{}) {}
  TestBroker(net::SimLoop& host, Options with) : options(std::move(with)), host_(host) { open(); }
  TestBroker(const TestBroker&) = delete;
  TestBroker& operator=(const TestBroker&) = delete;
  ~TestBroker() { stop(); }

  void open() {
    host_.enter([this] {
      listener_ = *host_.listen(
          *net::Address::parse("0.0.0.0:4222"), {},
          [this](std::unique_ptr<net::Accepted> accepted) {
            clients_.push_back(std::make_unique<Client>(*this, accepted->bind_to(host_)));
          });
    });
  }
  /// As a broker that is killed.
  void stop() {
    host_.enter([this] {
      clients_.clear();
      listener_.reset();
    });
  }
  /// Sends bytes of the test's own to every client.
  void send(std::string_view bytes) {
    host_.enter([&] {
      for (const auto& client : clients_) client->write(bytes);
    });
  }
  /// A message of nobody's.
  void publish(const std::string& subject, const std::string& reply, std::string_view headers,
               std::string_view payload) {
    host_.enter([&] { route(subject, reply, headers, payload); });
  }

  Options options;
  std::string received;                 ///< all lines of clients
  std::vector<std::string> published;   ///< subjects
  std::vector<std::string> contents{};  ///< headers and payload of each
  std::vector<std::string> replies;     ///< reply subjects, of those that have one
  std::vector<std::size_t> sizes;       ///< bytes of each, with its headers
  /// Messages to these subjects are kept from the others, and counted in `published` only.
  std::string held_prefix{};

 private:
  struct Subscription {
    std::string subject;
    std::string queue;
  };

  class Client final : private net::StreamHandler {
   public:
    Client(TestBroker& broker, std::unique_ptr<net::Stream> stream)
        : broker_(broker), stream_(std::move(stream)) {
      stream_->set_handler(this);
      stream_->want_read();
      if (broker_.options.silent) return;
      std::string info = broker_.options.info;
      if (info.empty()) {
        info = R"({"server_id":"x","version":"2.9.10","max_payload":)" +
               std::to_string(broker_.options.max_payload) + R"(,"headers":)" +
               (broker_.options.headers ? "true" : "false") + "}";
      }
      write("INFO " + info + "\r\n");
    }
    void write(std::string_view bytes) {
      unsent_.append(bytes);
      on_writable();
    }
    std::map<std::string, Subscription> subscriptions;

   private:
    void on_writable() noexcept override {
      while (!unsent_.empty()) {
        const iovec slice{unsent_.data(), unsent_.size()};
        const net::IoResult result = stream_->write({&slice, 1});
        if (result.kind == net::IoResult::Kind::WouldBlock) return stream_->want_write();
        if (result.kind != net::IoResult::Kind::Done) return unsent_.clear();
        unsent_.erase(0, result.size);
      }
    }
    void on_readable() noexcept override {
      std::string block(65536, '\0');
      const net::IoResult result = stream_->read(block);
      if (result.kind == net::IoResult::Kind::Done) {
        unread_.append(block, 0, result.size);
        while (take_one()) {
        }
      }
      if (result.kind == net::IoResult::Kind::End || result.kind == net::IoResult::Kind::Failed) {
        subscriptions.clear();
        return;
      }
      stream_->want_read();
    }
    bool take_one() {
      const std::size_t end = unread_.find("\r\n");
      if (end == std::string::npos) return false;
      const std::string line = unread_.substr(0, end);
      const std::vector<std::string> words = words_of(line);
      const bool with_headers = words[0] == "HPUB";
      std::size_t body = 0;
      if (with_headers || words[0] == "PUB") {
        body = std::stoul(words.back()) + 2;
        if (unread_.size() < end + 2 + body) return false;
      }
      const std::string content = unread_.substr(end + 2, body == 0 ? 0 : body - 2);
      unread_.erase(0, end + 2 + body);
      if (broker_.options.silent) return true;
      broker_.received.append(line).append("\n");
      if (body != 0) {
        take_message(words, with_headers, content);
      } else {
        take_line(words, line);
      }
      return true;
    }
    void take_line(const std::vector<std::string>& words, const std::string& line) {
      if (words[0] == "PING") write("PONG\r\n");
      if (words[0] == "SUB") {
        subscriptions[words.back()] = {words[1], words.size() == 4 ? words[2] : ""};
      }
      if (words[0] == "UNSUB") subscriptions.erase(words[1]);
      const std::string wanted = "\"pass\":\"" + broker_.options.password + "\"";
      if (words[0] == "CONNECT" && !broker_.options.password.empty() &&
          line.find(wanted) == std::string::npos) {
        write("-ERR 'Authorization Violation'\r\n");
      }
    }
    void take_message(const std::vector<std::string>& words, bool with_headers,
                      const std::string& content) {
      const std::size_t least = with_headers ? 4 : 3;
      const std::string reply = words.size() > least ? words[2] : "";
      const std::size_t headers = with_headers ? std::stoul(words[words.size() - 2]) : 0;
      broker_.published.push_back(words[1]);
      broker_.sizes.push_back(content.size());
      broker_.contents.push_back(content);
      if (!reply.empty()) broker_.replies.push_back(reply);
      if (!broker_.held_prefix.empty() && words[1].starts_with(broker_.held_prefix)) return;
      const std::string_view all(content);
      const bool taken =
          broker_.route(words[1], reply, all.substr(0, headers), all.substr(headers));
      if (!taken && !reply.empty()) broker_.route(reply, "", "NATS/1.0 503\r\n\r\n", "");
    }

    TestBroker& broker_;
    std::unique_ptr<net::Stream> stream_;
    std::string unread_;
    std::string unsent_;
  };

  static std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words(1);
    for (const char c : line) {
      if (c == ' ') {
        words.emplace_back();
      } else {
        words.back() += c;
      }
    }
    return words;
  }
  static bool matches(std::string_view pattern, std::string_view subject) {
    while (!pattern.empty()) {
      const std::string_view word = pattern.substr(0, pattern.find('.'));
      const std::string_view other = subject.substr(0, subject.find('.'));
      if (word == ">") return !subject.empty();
      if (other.empty() || (word != "*" && word != other)) return false;
      pattern.remove_prefix(std::min(pattern.size(), word.size() + 1));
      subject.remove_prefix(std::min(subject.size(), other.size() + 1));
    }
    return subject.empty();
  }
  /// To each subscription without a group, and to one of each group, in turn. Whether there is one.
  bool route(const std::string& subject, const std::string& reply, std::string_view headers,
             std::string_view payload) {
    std::map<std::string, std::vector<std::pair<Client*, std::string>>> groups;
    std::size_t alone = 0;
    for (const auto& client : clients_) {
      for (const auto& [number, it] : client->subscriptions) {
        if (!matches(it.subject, subject)) continue;
        const std::string group = it.queue.empty() ? " " + std::to_string(alone++) : it.queue;
        groups[group].emplace_back(client.get(), number);
      }
    }
    for (const auto& [name, members] : groups) {
      const auto& [client, number] = members[members.size() == 1 ? 0 : turn_++ % members.size()];
      std::string line = headers.empty() ? "MSG " : "HMSG ";
      line.append(subject).append(" ").append(number).append(" ");
      if (!reply.empty()) line.append(reply).append(" ");
      if (!headers.empty()) line.append(std::to_string(headers.size())).append(" ");
      line.append(std::to_string(headers.size() + payload.size())).append("\r\n");
      client->write(line.append(headers).append(payload).append("\r\n"));
    }
    return !groups.empty();
  }

  net::SimLoop& host_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::size_t turn_ = 0;
};

}  // namespace weft::nats::test
