#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/foreign/go_rpc/internal/json_server_format.h"
#include "weft/foreign/internal/test_formats.h"
#include "weft/foreign/json/object_cutter.h"

namespace {

using weft::foreign::FieldNames;
using weft::foreign::JsonServerFormat;
using weft::foreign::Methods;
using weft::foreign::ObjectCutter;
using weft::foreign::Request;
using weft::foreign::ServiceNames;
using namespace weft::foreign::test;

constexpr std::size_t kMostBytes = 2000;
constexpr int kMostDepth = 20;

/// Answers are one JSON object each, of the id that the request has.
void check_answer(JsonServerFormat& format, const Request& request) {
  std::string out;
  const bool echoes = request.status.ok() && request.name.ends_with(".Echo");
  format.answer(request, request.status, echoes ? request.message.view() : "", out);
  ObjectCutter cutter(2 * kMostBytes + 4096, 2 * kMostDepth);
  cutter.push(out);
  std::string_view object;
  if (cutter.next(object) != ObjectCutter::Next::Value) std::abort();
  if (!object.starts_with("{\"id\":" + request.id + ",\"result\":")) std::abort();
  std::string_view rest;
  if (cutter.next(rest) != ObjectCutter::Next::NeedMore || cutter.in_value()) std::abort();
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
  JsonServerFormat whole(methods, kMostBytes, kMostDepth, FieldNames::Json);
  JsonServerFormat cut(methods, kMostBytes, kMostDepth, FieldNames::Json);
  const Understood understood = understand(whole, bytes, bytes.size() + 1);
  if (!same(understood, understand(cut, bytes, std::max<std::size_t>(data[0], 1)))) std::abort();
  for (const Request& request : understood.requests) check_answer(whole, request);
  return 0;
}
