#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/foreign/go_rpc/internal/gob_server_format.h"
#include "weft/foreign/internal/test_formats.h"

namespace {

using weft::foreign::GobServerFormat;
using weft::foreign::GobStream;
using weft::foreign::Methods;
using weft::foreign::Request;
using weft::foreign::ServiceNames;
using namespace weft::foreign::test;

constexpr std::size_t kMostBytes = 2000;
constexpr int kMostDepth = 20;

/// An answer is a header and a result, with definitions that the client does not have.
void check_answer(GobServerFormat& format, GobStream& client, const Request& request) {
  std::string out;
  const bool echoes = request.status.ok() && request.name.ends_with(".Echo");
  format.answer(request, request.status, echoes ? request.message.view() : "", out);
  client.push(out);
  GobStream::Value value;
  weft::foreign::GobHeader header;
  if (client.next(value) != GobStream::Next::Value) std::abort();
  if (!read_gob_header(client.types(), value, header).ok()) std::abort();
  if (std::to_string(header.sequence) != request.id || header.method != request.name) std::abort();
  if (client.next(value) != GobStream::Next::Value || client.in_message()) std::abort();
}

}  // namespace

// First byte: the length of the parts in which the rest comes. Requests are the same however they
// are cut, within the limits, and each has an answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 2 * kMostBytes) return 0;
  static const Dispatching server;
  static const ServiceNames names;
  Methods methods(server.dispatcher(), names);
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto head =
      bytes.starts_with('C') ? GobServerFormat::Head::Connect : GobServerFormat::Head::None;
  GobServerFormat whole(methods, kMostBytes, kMostDepth, head);
  GobServerFormat cut(methods, kMostBytes, kMostDepth, head);
  const Understood understood = understand_alike(whole, cut, bytes, data[0]);
  GobStream client(std::size_t{1} << 20);
  for (const Request& request : understood.requests) check_answer(whole, client, request);
  return 0;
}
