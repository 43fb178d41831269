#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/messaging/nats/protocol/headers.h"
#include "weft/messaging/nats/protocol/parser.h"

namespace {

using weft::nats::Operation;
using weft::nats::Parser;

void append_operation(const Operation& operation, std::string& out) {
  out.append(std::to_string(static_cast<int>(operation.kind))).append(" ").append(operation.text);
  out.append(operation.subject).append(" ").append(operation.reply).append(" ");
  out.append(std::to_string(operation.subscription)).append(operation.too_large ? " large " : " ");
  out.append(operation.payload).append("\n");
  weft::nats::HeaderReader headers(operation.headers);
  while (const auto header = headers.next()) {
    out.append(header->name).append("=").append(header->value).append("\n");
  }
  out.append(headers.well_formed() ? "" : "malformed\n");
}

/// All that `bytes`, which come in pieces of `piece`, say, as text.
std::string operations_of(std::string_view bytes, std::size_t piece) {
  weft::nats::ParserLimits limits;
  limits.line = 512;
  limits.message = 1024;
  Parser parser(limits);
  std::string out;
  while (!bytes.empty()) {
    std::string_view now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    while (!now.empty()) {
      const Parser::Progress progress = parser.read(now);
      if (progress == Parser::Progress::NeedMore) break;
      if (progress == Parser::Progress::Broken) return out + "broken\n";
      append_operation(parser.operation(), out);
    }
    if (parser.memory() > 8 * (limits.line + limits.message)) std::abort();
  }
  return out;
}

}  // namespace

// Whatever comes, and in whichever pieces, the operations are the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = operations_of(bytes, size);
  if (operations_of(bytes, 1) != whole || operations_of(bytes, 7) != whole) std::abort();
  return 0;
}
