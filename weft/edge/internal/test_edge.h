#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/source_context.pb.h>

#include "weft/edge/edge.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/grpc/google_status.h"
#include "weft/rpc/server/handler.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

/// For this room's tests: a service as the generator would make it, and a client of HTTP/2 that
/// sends what a test says.
namespace weft::edge::test {

using namespace std::chrono_literals;
/// A message with one text: {"fileName": "..."}.
using Note = google::protobuf::SourceContext;

inline constexpr MethodDescriptor kMethods[] = {
    {.name = "Echo", .path = "/test.Notes/Echo", .no_side_effects = true},
    {.name = "Collect", .path = "/test.Notes/Collect", .kind = MethodKind::ClientStreaming},
    {.name = "Expand", .path = "/test.Notes/Expand", .kind = MethodKind::ServerStreaming},
    {.name = "Chat", .path = "/test.Notes/Chat", .kind = MethodKind::BidiStreaming},
    {.name = "Write", .path = "/test.Notes/Write"}};
inline constexpr ServiceDescriptor kDescriptor{"test.Notes", kMethods, nullptr};

inline Note note(std::string_view text) {
  Note note;
  note.set_file_name(std::string(text));
  return note;
}

/// What it does is in the text of the request.
class Notes final : public ServiceDefinition {
 public:
  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t method, Call& call) override {
    switch (method) {
      case 0:
      case 4:
        return rpc::serve_unary<&Notes::Echo>(call, *this);
      case 1:
        return rpc::serve_client_streaming(call, *this, &Notes::Collect);
      case 2:
        return rpc::serve_server_streaming(call, *this, &Notes::Expand);
      default:
        return rpc::serve_bidi_streaming(call, *this, &Notes::Chat);
    }
  }

  Task<Result<Note>> Echo(ServerContext& context, const Note& request) {
    ++calls;
    const std::string& text = request.file_name();
    if (text == "sleep") {
      slept = co_await net::sleep(1h);
      ++ended;
      co_return slept;
    }
    if (text == "stubborn") {
      // Takes no notice of its cancellation.
      static_cast<void>(co_await net::sleep(1s));
      while (context.call().loop().now() < until) {
        weft::Context deaf;
        static_cast<void>(co_await net::sleep(1s).in(deaf));
      }
      ++ended;
      co_return request;
    }
    if (text == "metadata") {
      context.response_metadata().add("x-head", "a");
      context.response_metadata().add("x-head-bin", std::string_view("\0\xff", 2));
      context.trailers().add("x-tail", "b");
    }
    if (text == "bad metadata") context.response_metadata().add("content-length", "7");
    if (text == "fail") {
      context.trailers().add("x-tail", "b");
      co_return with_detail(not_found("no \"note\"\n\xff here"), note("detail"));
    }
    if (text == "throw") throw std::runtime_error("secret");
    if (text == "gzip") {
      context.set_compression(Compression::Gzip);
      co_return note(std::string(1000, 'z'));
    }
    if (text == "seen") {
      co_return note(std::string(context.metadata().get("x-user").value_or("nobody")) + " " +
                     std::string(context.metadata().get("x-raw-bin").value_or("")) + " " +
                     std::to_string(context.metadata().size()));
    }
    co_return request;
  }
  Task<Result<Note>> Collect(ServerContext&, Reader<Note>& reader) {
    std::string all;
    for (;;) {
      const std::optional<Note> part = co_await reader.read();
      if (!part) break;
      all += part->file_name();
    }
    co_return note(all);
  }
  Task<Status> Expand(ServerContext& context, const Note& request, Writer<Note>& writer) {
    const std::string& text = request.file_name();
    if (text == "fail") co_return not_found("nothing here");
    context.response_metadata().add("x-head", "a");
    context.trailers().add("x-tail", "b");
    if (text == "gzip") context.set_compression(Compression::Gzip);
    for (const char letter : text) {
      const Note part = note({&letter, 1});
      const bool taken = co_await writer.write(part);
      if (!taken) co_return writer.status();
      if (letter == '!') co_return aborted("midway");
      if (letter == 's') slept = co_await net::sleep(1h);
    }
    co_return ok_status();
  }
  Task<Status> Chat(ServerContext&, Reader<Note>& reader, Writer<Note>& writer) {
    for (;;) {
      const std::optional<Note> part = co_await reader.read();
      if (!part) break;
      const bool taken = co_await writer.write(*part);
      if (!taken) co_return writer.status();
    }
    co_return ok_status();
  }

  int calls = 0;
  int ended = 0;
  TimePoint until{};
  Status slept;
};

/// What came back.
struct Answer {
  testing::Frame head;
  std::string body;
  std::string status() const { return std::string(head.field(":status")); }
  std::string field(std::string_view name) const { return std::string(head.field(name)); }
};

/// The envelopes of a body, each as "flags:content".
inline std::vector<std::string> envelopes(std::string_view body) {
  std::vector<std::string> found;
  while (body.size() >= 5) {
    std::size_t size = 0;
    for (int i = 1; i < 5; ++i) size = size << 8 | static_cast<unsigned char>(body[i]);
    found.push_back(std::to_string(static_cast<unsigned char>(body[0])) + ":" +
                    std::string(body.substr(5, size)));
    body.remove_prefix(std::min(body.size(), 5 + size));
  }
  if (!body.empty()) found.push_back("rest " + std::string(body));
  return found;
}

class World {
 public:
  explicit World(ServerOptions server = {}, Options options = {}) : world_({.server = server}) {
    notes_ = &world_.add<Notes>();
    world_.server().add(protocols(std::move(options)));
  }

  testing::ScriptedPeer& peer() {
    if (peer_ == nullptr) {
      world_.start();
      peer_ =
          testing::ScriptedPeer::connect(world_.client_host(), "server", testing::InProcess::kPort);
    }
    return *peer_;
  }
  /// Sends a head; the stream it is on.
  std::uint32_t begin(std::string_view path, std::string_view type,
                      const testing::Fields& more = {}, std::string method = "POST",
                      testing::EndStream end = testing::EndStream::No) {
    const std::uint32_t stream = std::exchange(next_, next_ + 2);
    testing::Fields fields{{":method", std::move(method)},
                           {":scheme", "http"},
                           {":path", std::string(path)},
                           {":authority", "here"}};
    if (!type.empty()) fields.push_back({"content-type", std::string(type)});
    fields.insert(fields.end(), more.begin(), more.end());
    peer().send(testing::headers(stream, fields, end));
    return stream;
  }
  Answer answer(std::uint32_t stream) {
    Answer answer;
    answer.head = peer().expect(http2::FrameType::Headers, stream);
    if (!answer.head.end_stream()) peer().expect_end(stream);
    answer.body = peer().data_of(stream);
    return answer;
  }
  Answer post(std::string_view path, std::string_view type, std::string_view body,
              const testing::Fields& more = {}) {
    const std::uint32_t stream = begin(path, type, more);
    send(stream, body);
    return answer(stream);
  }
  /// Sends a content, in frames, and its end.
  void send(std::uint32_t stream, std::string_view body) {
    constexpr std::size_t kFrame = 16'000;
    for (; body.size() > kFrame; body.remove_prefix(kFrame)) {
      peer().send(testing::data(stream, body.substr(0, kFrame)));
      world_.run_for(1ms);
    }
    peer().send(testing::data(stream, body, testing::EndStream::Yes));
  }
  /// A unary call with JSON.
  Answer echo(std::string_view text, const testing::Fields& more = {}) {
    return post("/test.Notes/Echo", "application/json",
                "{\"fileName\":\"" + std::string(text) + "\"}", more);
  }

  testing::InProcess& world() noexcept { return world_; }
  Server& server() noexcept { return world_.server(); }
  Notes& notes() noexcept { return *notes_; }

 private:
  testing::InProcess world_;
  Notes* notes_;
  std::unique_ptr<testing::ScriptedPeer> peer_;
  std::uint32_t next_ = 1;
};

}  // namespace weft::edge::test
