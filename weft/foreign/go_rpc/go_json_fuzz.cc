#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "weft/foreign/internal/test_formats.h"
#include "weft/foreign/json/json_server_format.h"
#include "weft/foreign/json/object_cutter.h"
#include "weft/foreign/json/parts.h"

namespace {

using weft::foreign::FieldNames;
using weft::foreign::JsonParts;
using weft::foreign::JsonServerFormat;
using weft::foreign::Methods;
using weft::foreign::ObjectCutter;
using weft::foreign::Request;
using weft::foreign::ServiceNames;
using namespace weft::foreign::test;

constexpr std::size_t kMostBytes = 2000;
constexpr int kMostDepth = 20;

/// What is answered is JSON values behind each other, at most one for each request.
void check_answers(JsonServerFormat& format, const std::vector<Request>& requests) {
  std::string out;
  for (const Request& request : requests) {
    const bool echoes = request.status.ok() && request.name.ends_with(".Echo");
    format.answer(request, request.status, echoes ? request.message.view() : "", out);
  }
  ObjectCutter cutter(std::size_t{1} << 22, 2 * kMostDepth);
  cutter.push(out);
  std::string_view value;
  std::size_t count = 0;
  while (cutter.next(value) == ObjectCutter::Next::Value) {
    ++count;
    JsonParts parts(value);
    while (parts.next()) {
    }
    if (!parts.status().ok()) std::abort();
  }
  if (!cutter.error().ok() || cutter.in_value() || count > requests.size()) std::abort();
}

}  // namespace

// First byte: the length of the parts in which the rest comes. Requests are the same however they
// are cut, within the limits, and their answers are JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 2 * kMostBytes) return 0;
  static const Dispatching server;
  static const ServiceNames names;
  Methods methods(server.dispatcher(), names);
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  JsonServerFormat whole(methods, kMostBytes, kMostDepth, FieldNames::Json);
  JsonServerFormat cut(methods, kMostBytes, kMostDepth, FieldNames::Json);
  const Understood understood = understand_alike(whole, cut, bytes, data[0]);
  check_answers(whole, understood.requests);
  return 0;
}
