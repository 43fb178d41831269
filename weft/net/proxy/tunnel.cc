#include "weft/net/proxy/tunnel.h"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/text/printable.h"
#include "weft/net/loop/wait.h"
#include "weft/net/socket/stream_io.h"

namespace weft::net {
namespace {

// More than any proxy says; the headers of an answer are not looked at.
constexpr std::size_t kLongestAnswer = std::size_t{16} * 1024;
// After so many bytes others have their turn: each is a call of the system's.
constexpr std::size_t kBytesOfATurn = 1024;
constexpr std::size_t kLongestShown = 128;

std::string request_of(const HttpProxy& proxy) {
  std::string request = "CONNECT " + proxy.destination + " HTTP/1.1\r\nHost: " + proxy.destination;
  if (!proxy.authorization.empty()) {
    request.append("\r\nProxy-Authorization: ").append(proxy.authorization);
  }
  return request.append("\r\n\r\n");
}

Status failed(const Stream& stream, const HttpProxy& proxy, std::string_view why) {
  std::string message = "the proxy " + proxy.address + " (" + stream.peer_address().to_string() +
                        ") did not connect to " + proxy.destination + ": ";
  return Status(StatusCode::Unavailable, message.append(why), Origin::Transport);
}

/// Up to the empty line, and not a byte more: what follows is the server's.
Task<Status> read_head(Loop& loop, StreamIo& io, std::string& head) {
  while (!head.ends_with("\r\n\r\n")) {
    if (head.size() == kLongestAnswer) {
      co_return unavailable("the head of its answer has more than " +
                            std::to_string(kLongestAnswer) + " bytes");
    }
    if (head.size() % kBytesOfATurn == kBytesOfATurn - 1) {
      Wait turn(loop, loop.now());
      if (Status status = co_await turn; !status.ok()) co_return status;
    }
    char next = 0;
    const Result<std::size_t> read = co_await io.read({&next, 1});
    if (!read.ok()) co_return read.status();
    if (*read == 0) co_return unavailable("it closed the connection");
    head += next;
  }
  co_return Status();
}

/// OK for "HTTP/1.1 200 whatever".
Status judge(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  if (!line.starts_with("HTTP/1.")) {
    return unavailable("its answer is not HTTP/1: " + printable(line.substr(0, kLongestShown)));
  }
  const std::size_t space = line.find(' ');
  int code = 0;
  if (space != std::string_view::npos) {
    std::from_chars(line.data() + space + 1, line.data() + line.size(), code);
  }
  if (code >= 200 && code < 300) return {};
  std::string why = "it answered " + printable(line.substr(0, kLongestShown));
  if (code == 407) why += "; it wants a user and a password before the host of its URL";
  return unavailable(why);
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> open_tunnel(Loop& loop, std::unique_ptr<Stream> stream,
                                                  const HttpProxy& proxy) {
  const std::string request = request_of(proxy);
  std::string head;
  Status status;
  {
    StreamIo io(loop, *stream);
    status = co_await io.write(request);
    if (status.ok()) status = co_await read_head(loop, io, head);
  }
  if (status.code() == StatusCode::DeadlineExceeded || status.code() == StatusCode::Cancelled) {
    co_return status;
  }
  if (status.ok()) status = judge(head);
  if (!status.ok()) co_return failed(*stream, proxy, status.message());
  co_return std::move(stream);
}

}  // namespace weft::net
