// Streams in one program: a service with each kind, and callers of it. The address is in memory;
// with host:port it is the same.

#include <cctype>
#include <iostream>
#include <optional>
#include <string>
#include <tuple>

#include "weft/coro/all.h"
#include "weft/net/loop_thread.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"

#include "words.weft.h"

using weft::Reader;
using weft::Result;
using weft::ServerContext;
using weft::Status;
using weft::Task;
using weft::Writer;
using words::Line;
using words::Totals;

namespace {

using ShoutStream = weft::ClientReaderWriter<Line, Line>;

class Words final : public words::WordsService {
  Task<Result<Totals>> Count(ServerContext&, Reader<Line>& reader) override {
    Totals totals;
    Line line;  // used again for every message, and so is its memory
    while (co_await reader.read(line)) {
      totals.set_lines(totals.lines() + 1);
      totals.set_bytes(totals.bytes() + line.text().size());
    }
    if (!reader.status().ok()) co_return reader.status();
    co_return totals;
  }

  Task<Status> Repeat(ServerContext& context, const Line& request, Writer<Line>& writer) override {
    std::size_t written = 0;
    while (co_await writer.write(request)) ++written;
    std::cout << "server: wrote " << (written < 1'000'000 ? "some" : "too many")
              << " lines, then: " << context.cancel_reason().to_string() << std::endl;
    co_return writer.status();
  }

  Task<Status> Shout(ServerContext&, Reader<Line>& reader, Writer<Line>& writer) override {
    while (std::optional<Line> line = co_await reader.read()) {
      for (char& c : *line->mutable_text()) c = static_cast<char>(std::toupper(c));
      if (!co_await writer.write(*line)) break;
    }
    co_return reader.status();
  }
};

Line line_of(const std::string& text) {
  Line line;
  line.set_text(text);
  return line;
}

Task<Status> count(const words::WordsClient& client) {
  auto stream = co_await client.Count();
  for (const char* text : {"one", "two", "three"}) {
    const Line line = line_of(text);
    if (!co_await stream.write(line)) break;  // the call is over; finish() says why
  }
  const Result<Totals> totals = co_await stream.finish();
  if (totals.ok()) std::cout << totals->lines() << " lines, " << totals->bytes() << " bytes\n";
  co_return totals.status();
}

Task<Status> take_three(const words::WordsClient& client) {
  const Line line = line_of("again");
  auto stream = co_await client.Repeat(line);
  for (int i = 0; i < 3; ++i) {
    const std::optional<Line> answer = co_await stream.read();
    if (!answer) co_return co_await stream.finish();
    std::cout << answer->text() << '\n';
  }
  stream.cancel();
  const Status status = co_await stream.finish();
  std::cout << "client: " << status.to_string() << std::endl;
  co_return status.code() == weft::StatusCode::Cancelled ? weft::ok_status() : status;
}

Task<Status> say(ShoutStream& stream) {
  for (const char* text : {"hello", "is anybody there", "goodbye"}) {
    const Line line = line_of(text);
    if (!co_await stream.write(line)) break;
  }
  stream.half_close();  // the server's read() ends, ours goes on
  co_return weft::ok_status();
}

Task<Status> listen(ShoutStream& stream) {
  while (std::optional<Line> line = co_await stream.read()) std::cout << line->text() << '\n';
  co_return co_await stream.finish();
}

Task<Status> shout(const words::WordsClient& client) {
  auto stream = co_await client.Shout({.timeout = std::chrono::seconds(30)});
  // Both at the same time: neither has to wait until the other is done.
  const auto [said, heard] = co_await weft::all(say(stream), listen(stream));
  co_return said.ok() ? heard : said;
}

Status shout_blocking(const words::WordsBlockingClient& client) {
  auto stream = client.Shout();
  if (!stream.write(line_of("no coroutine here"))) return stream.finish();
  if (const std::optional<Line> line = stream.read()) std::cout << line->text() << '\n';
  return stream.finish();
}

Task<Status> everything(const words::WordsClient& client) {
  Status status = co_await count(client);
  if (status.ok()) status = co_await take_three(client);
  if (status.ok()) status = co_await shout(client);
  co_return status;
}

}  // namespace

int main() {
  weft::Server server{{.listen = "memory:words"}};
  server.add<Words>();
  Status status = server.start();
  weft::Channel channel("memory:words");
  if (status.ok()) {
    const words::WordsClient client(channel);
    status = weft::net::run_blocking(channel.blocking_loop(), everything(client));
  }
  if (status.ok()) status = shout_blocking(words::WordsBlockingClient(channel));
  if (!status.ok()) std::cerr << status.to_string() << '\n';
  return status.ok() ? 0 : 1;
}
