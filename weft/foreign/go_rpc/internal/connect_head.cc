#include "weft/foreign/go_rpc/internal/connect_head.h"

#include <algorithm>
#include <array>

#include "weft/base/text/printable.h"
#include "weft/net/socket/stream_io.h"

namespace weft::foreign {
namespace {

constexpr std::size_t kLongestHead = 4096;
constexpr std::size_t kLongestShown = 64;

Status refused(std::string_view head) {
  return unavailable("the server answers CONNECT with '" +
                     printable(head.substr(0, std::min(head.find('\n'), kLongestShown))) +
                     "', not with Go's \"200 Connected to Go RPC\"");
}

/// The end of a head, whose lines may end with bare newlines; npos where it has not come.
std::size_t end_of_head(std::string_view text) noexcept {
  const std::size_t bare = text.find("\n\n");
  const std::size_t full = text.find("\n\r\n");
  return std::min(bare == std::string_view::npos ? bare : bare + 2,
                  full == std::string_view::npos ? full : full + 3);
}

}  // namespace

Task<Status> connect_go_rpc(net::Loop& loop, net::Stream& stream, std::string path) {
  net::StreamIo io(loop, stream);
  const std::string request = "CONNECT " + path + " HTTP/1.0\n\n";
  const Status written = co_await io.write(request);
  if (!written.ok()) co_return written;
  std::string head;
  std::array<char, 512> block;
  while (end_of_head(head) == std::string::npos) {
    const Result<std::size_t> size = co_await io.read(block);
    if (!size.ok()) co_return size.status();
    if (*size == 0 || head.size() > kLongestHead) co_return refused(head);
    head.append(block.data(), *size);
  }
  // More would be an answer before a request.
  const bool connected = head.find(" 200 Connected to Go RPC") != std::string::npos;
  if (!connected || end_of_head(head) != head.size()) co_return refused(head);
  co_return Status();
}

}  // namespace weft::foreign
