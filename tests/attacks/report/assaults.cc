#include "tests/attacks/report/assaults.h"

#include <array>
#include <string>

namespace weft::attacks {
namespace {

using Attackers = std::vector<std::unique_ptr<Attacker>>;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;
constexpr std::string_view kChat = "/test.Kinds/Chat";
constexpr std::string_view kUnary = "/test.Kinds/Unary";

/// Text of nearly 4 MiB in field 1, of 150 bytes when it is compressed.
std::string bomb(std::string_view start = {}) {
  std::string text(start);
  text.resize(4 * kMiB - 100, 'a');
  return compressed(text_field(1, text), Compression::Zstd);
}

std::string open_zstd(std::uint32_t id, std::string_view path) {
  return open_compressed(id, path, Compression::Zstd);
}

Attacker& another(std::uint16_t port, Attackers& attackers) {
  return *attackers.emplace_back(std::make_unique<Attacker>(port));
}

/// 256 KB of messages on one stream, each of which inflates to 4 MiB.
void one_stream(std::uint16_t port, Attackers& attackers) {
  attackers.clear();
  Attacker& attacker = another(port, attackers);
  static const std::string message = bomb();
  std::string bytes = open_zstd(1, kChat);
  for (std::size_t sent = 0; sent < 240 * 1024; sent += message.size()) {
    bytes += testing::data(1, message);
  }
  attacker.send(bytes, Attacker::Reading::No);
  attacker.read(std::chrono::milliseconds(200));
}

/// 300 streams on each of `connections`, `messages` of them on each, whose answers are not read.
void many_streams(std::uint16_t port, Attackers& attackers, std::size_t connections, int messages,
                  std::string_view path, const std::string& message) {
  if (attackers.size() == connections) attackers.clear();
  Attacker& attacker = another(port, attackers);
  std::string bytes;
  for (std::uint32_t id = 1; id < 601; id += 2) {
    bytes += open_zstd(id, path);
    for (int i = 0; i < messages; ++i) bytes += testing::data(id, message);
  }
  attacker.send(bytes, Attacker::Reading::No);
}

void chats(std::uint16_t port, Attackers& attackers) {
  static const std::string message = bomb();
  many_streams(port, attackers, 30, 4, kChat, message);
}
void unary_calls(std::uint16_t port, Attackers& attackers) {
  static const std::string message = bomb();
  many_streams(port, attackers, 30, 1, kUnary, message);
}
void error_texts(std::uint16_t port, Attackers& attackers) {
  static const std::string message = bomb("error");
  many_streams(port, attackers, 30, 1, kUnary, message);
}
void health_checks(std::uint16_t port, Attackers& attackers) {
  static const std::string message = bomb();
  many_streams(port, attackers, 30, 1, "/grpc.health.v1.Health/Check", message);
}
void health_watches(std::uint16_t port, Attackers& attackers) {
  static const std::string message = bomb();
  many_streams(port, attackers, 30, 1, "/grpc.health.v1.Health/Watch", message);
}
void reflection(std::uint16_t port, Attackers& attackers) {
  static const std::string message = bomb();
  many_streams(port, attackers, 30, 4, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
               message);
}

/// One message on a new connection each time.
void first_messages(std::uint16_t port, Attackers& attackers) {
  static const std::string message = bomb();
  if (attackers.size() == 200) attackers.clear();
  another(port, attackers)
      .send(open_zstd(1, kUnary) + testing::data(1, message, EndStream::Yes),
            Attacker::Reading::No);
}

/// 30,000 fields that are not known and empty: some 60 KB that take 2 ms to parse.
std::string many_fields() { return repeat(std::string("\x7a\x00", 2), 30'000); }

/// A call on each of 60 connections, `message` in it.
void field_calls(std::uint16_t port, Attackers& attackers, const std::string& bytes) {
  if (attackers.size() == 60) attackers.clear();
  another(port, attackers).send(bytes, Attacker::Reading::No);
}
void compressed_fields(std::uint16_t port, Attackers& attackers) {
  static const std::string bytes = [] {
    const std::string message = compressed(many_fields(), Compression::Gzip);
    std::string all;
    for (std::uint32_t id = 1; id < 17; id += 2) {
      all += open_compressed(id, kUnary, Compression::Gzip) +
             testing::data(id, message, EndStream::Yes);
    }
    return all;
  }();
  field_calls(port, attackers, bytes);
}
void plain_fields(std::uint16_t port, Attackers& attackers) {
  static const std::string bytes = [] {
    std::string all;
    for (std::uint32_t id = 1; id < 7; id += 2) {
      const std::string message = testing::grpc_message(many_fields());
      all += open_call(id, kUnary);
      for (std::size_t at = 0; at < message.size(); at += 16'000) {
        const bool last = at + 16'000 >= message.size();
        all += testing::data(id, message.substr(at, 16'000), last ? EndStream::Yes : EndStream::No);
      }
    }
    return all;
  }();
  field_calls(port, attackers, bytes);
}

/// Nearly 4 MiB of such fields, which take a tenth of a second each, on connections that stay.
void slow_messages(std::uint16_t port, Attackers& attackers, std::string_view path) {
  static const std::string message =
      compressed(repeat(std::string("\x7a\x00", 2), 2'000'000), Compression::Zstd);
  if (attackers.size() == 300) attackers.clear();
  another(port, attackers)
      .send(open_zstd(1, path) + testing::data(1, message, EndStream::Yes), Attacker::Reading::No);
}
void slow_requests(std::uint16_t port, Attackers& attackers) {
  slow_messages(port, attackers, "/test.Kinds/Expand");
}
void slow_streams(std::uint16_t port, Attackers& attackers) {
  slow_messages(port, attackers, "/test.Kinds/Collect");
}

/// 100 connections of 1000 watches each, all closed at once.
void watches(std::uint16_t port, Attackers& attackers) {
  if (attackers.size() == 100) attackers.clear();
  Attacker& attacker = another(port, attackers);
  std::string bytes;
  for (std::uint32_t id = 1; id < 2001; id += 2) {
    bytes += open_call(id, "/grpc.health.v1.Health/Watch") +
             testing::data(id,
                           testing::grpc_message("\x0a\x04"
                                                 "none"),
                           EndStream::Yes);
  }
  attacker.send(bytes, Attacker::Reading::No);
}

/// 100 connections of 1000 calls each, which `last` ends all at once.
void many_calls(std::uint16_t port, Attackers& attackers, const std::string& last) {
  if (attackers.size() == 100) {
    for (auto& attacker : attackers) {
      if (!last.empty()) attacker->send(last, Attacker::Reading::No);
    }
    attackers.clear();
  }
  std::string bytes;
  for (std::uint32_t id = 1; id < 2001; id += 2) bytes += open_call(id, kChat);
  another(port, attackers).send(bytes, Attacker::Reading::No);
}
void calls_closed(std::uint16_t port, Attackers& attackers) { many_calls(port, attackers, {}); }
/// DATA on stream 0 is a connection error.
void calls_broken(std::uint16_t port, Attackers& attackers) {
  many_calls(port, attackers, testing::data(0, "x"));
}

/// Messages without a byte, as many as the windows take.
void empty_messages(std::uint16_t port, Attackers& attackers) {
  if (attackers.size() == 30) attackers.clear();
  Attacker& attacker = another(port, attackers);
  std::string bytes = open_call(1, "/test.Kinds/Collect");
  const std::string part = testing::data(1, repeat(testing::grpc_message({}), 3200));
  for (int i = 0; i < 15; ++i) bytes += part;
  attacker.send(bytes + testing::data(1, {}, EndStream::Yes), Attacker::Reading::No);
}

/// Requests of some 20 bytes that refer to a field of 3900 bytes in the table; `value` is what it
/// holds.
void table_references(std::uint16_t port, Attackers& attackers, const Fields& field) {
  if (attackers.size() == 10) attackers.clear();
  Attacker& attacker = another(port, attackers);
  static const std::string start = block_of(testing::grpc_request(kUnary), true);
  std::string bytes = raw_headers(
      1, block_of(testing::grpc_request(kUnary)) + block_of(field, true), EndStream::Yes);
  const std::string usual = block_of(testing::grpc_request(kUnary));
  for (std::uint32_t id = 3; id < 3003; id += 2) {
    bytes += raw_headers(id, usual + hex("bebebe"), EndStream::Yes);
  }
  attacker.send(bytes);
}
void commas(std::uint16_t port, Attackers& attackers) {
  table_references(port, attackers, {{"n-bin", std::string(3900, ',')}});
}
void large_fields(std::uint16_t port, Attackers& attackers) {
  table_references(port, attackers, {{"n", std::string(3900, 'v')}});
}

/// Blocks of 16 KiB of commas, as literals.
void comma_blocks(std::uint16_t port, Attackers& attackers) {
  if (attackers.size() == 10) attackers.clear();
  Attacker& attacker = another(port, attackers);
  const std::string block =
      block_of(testing::grpc_request(kUnary)) + block_of({{"n-bin", std::string(15'000, ',')}});
  std::string bytes;
  for (std::uint32_t id = 1; id < 101; id += 2) bytes += raw_headers(id, block, EndStream::Yes);
  attacker.send(bytes);
}

Attacker& another_http1(std::uint16_t port, Attackers& attackers, std::size_t most) {
  if (attackers.size() == most) attackers.clear();
  return *attackers.emplace_back(std::make_unique<Attacker>(port, Attacker::Hello::Nothing));
}

constexpr std::string_view kHttp1 =
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/// 5000 requests in one piece, whose answers are read.
void http1_pipelining(std::uint16_t port, Attackers& attackers) {
  static const std::string bytes = repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 5000);
  another_http1(port, attackers, 20).send(bytes);
}
void http1_tiny_chunks(std::uint16_t port, Attackers& attackers) {
  static const std::string bytes = std::string(kHttp1) + repeat("1\r\nx\r\n", 100'000);
  another_http1(port, attackers, 20).send(bytes, Attacker::Reading::No);
}
/// 100 fields of 300 bytes, nearly a head's limit, again and again.
void http1_large_heads(std::uint16_t port, Attackers& attackers) {
  static const std::string head =
      "GET / HTTP/1.1\r\nHost: a\r\n" + repeat("f: " + std::string(295, 'v') + "\r\n", 99) + "\r\n";
  another_http1(port, attackers, 20).send(repeat(head, 30));
}
void http1_slow_heads(std::uint16_t port, Attackers& attackers) {
  another_http1(port, attackers, 300).send("GET / HTTP/1.1\r\nHost: a");
  for (const auto& one : attackers) one->send("a", Attacker::Reading::No);
}
/// Content that goes on by the byte on 300 connections, each byte of it in a chunk of its own.
void http1_slow_content(std::uint16_t port, Attackers& attackers) {
  another_http1(port, attackers, 300).send(kHttp1, Attacker::Reading::No);
  for (const auto& one : attackers) one->send("1\r\nx\r\n", Attacker::Reading::No);
}
/// Fields without an end, small ones and long ones.
void http1_header_bombs(std::uint16_t port, Attackers& attackers) {
  static const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  static const std::string many = start + repeat("a: b\r\n", 100'000);
  static const std::string large = start + "a: " + std::string(1'000'000, 'x');
  another_http1(port, attackers, 20).send(many, Attacker::Reading::No);
  another_http1(port, attackers, 20).send(large, Attacker::Reading::No);
}
/// Extensions just within the limits, on chunks of a byte, up to what a message may have of them.
void http1_extensions(std::uint16_t port, Attackers& attackers) {
  static const std::string bytes =
      std::string(kHttp1) + repeat("1;" + std::string(200, 'e') + "\r\nx\r\n", 1000);
  another_http1(port, attackers, 20).send(bytes, Attacker::Reading::No);
}
/// 2 MB that are echoed on each of 100 connections and not read.
void http1_unread_answers(std::uint16_t port, Attackers& attackers) {
  static const std::string bytes =
      std::string(kHttp1) + repeat("4000\r\n" + std::string(0x4000, 'c') + "\r\n", 128);
  another_http1(port, attackers, 100).send(bytes, Attacker::Reading::No);
}
/// Requests hidden in others, each on a connection of its own that the server closes.
void http1_smuggling(std::uint16_t port, Attackers& attackers) {
  static const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  static const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  static const std::array<std::string, 4> all = {
      post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
      post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden,
      post + "Content-Length: 0\r\nContent-Length: 34\r\n\r\n" + hidden,
      post + "Transfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n" + hidden};
  for (const std::string& one : all) another_http1(port, attackers, 200).send(one);
}

constexpr std::array kAssaults = {
    Assault{"none", nullptr},
    Assault{"inflation-one-stream", one_stream},
    Assault{"inflation-chat-30x300", chats},
    Assault{"inflation-unary-30x300", unary_calls},
    Assault{"inflation-new-connections", first_messages},
    Assault{"inflation-error-text", error_texts},
    Assault{"inflation-health-check", health_checks},
    Assault{"inflation-health-watch", health_watches},
    Assault{"inflation-reflection", reflection},
    Assault{"compressed-empty-fields", compressed_fields},
    Assault{"plain-empty-fields", plain_fields},
    Assault{"slow-requests", slow_requests},
    Assault{"slow-streams", slow_streams},
    Assault{"empty-messages", empty_messages},
    Assault{"commas-in-the-table", commas},
    Assault{"commas-in-blocks", comma_blocks},
    Assault{"large-fields-in-the-table", large_fields},
    Assault{"health-watches-closed", watches},
    Assault{"calls-closed", calls_closed},
    Assault{"calls-broken", calls_broken},
    Assault{"http1-pipelining", http1_pipelining},
    Assault{"http1-tiny-chunks", http1_tiny_chunks},
    Assault{"http1-large-heads", http1_large_heads},
    Assault{"http1-slow-heads", http1_slow_heads},
    Assault{"http1-slow-content", http1_slow_content},
    Assault{"http1-header-bombs", http1_header_bombs},
    Assault{"http1-extensions", http1_extensions},
    Assault{"http1-unread-answers", http1_unread_answers},
    Assault{"http1-smuggling", http1_smuggling},
};

}  // namespace

std::span<const Assault> assaults() { return kAssaults; }

}  // namespace weft::attacks
