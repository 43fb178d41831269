#include "weft/foreign/go_rpc/internal/gob_server_format.h"

#include <charconv>
#include <utility>

#include "weft/foreign/go_rpc/internal/connect_head.h"
#include "weft/foreign/gob/value_reader.h"
#include "weft/foreign/internal/error_text.h"

namespace weft::foreign {
namespace {

constexpr std::size_t kLongestHead = 4096;

}  // namespace

void GobServerFormat::begin(std::string& out) {
  if (head_ == Head::Connect) out.append(kConnected);
}

/// The head of a CONNECT ends with an empty line, whose ends may be bare newlines.
void GobServerFormat::push(std::string_view bytes) {
  while (in_head_ && !bytes.empty() && requests_.error().ok()) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (c == '\n' && before_ == '\n') in_head_ = false;
    if (c != '\r') before_ = c;
    if (++head_size_ > kLongestHead) {
      requests_.fail(resource_exhausted("the head of a CONNECT of more than " +
                                        std::to_string(kLongestHead) +
                                        " bytes, which is the limit"));
    }
  }
  requests_.push(bytes);
}

ServerFormat::Next GobServerFormat::next(Request& out) {
  GobStream::Value value;
  switch (requests_.next(value)) {
    case GobStream::Next::NeedMore:
      return Next::NeedMore;
    case GobStream::Next::Value:
      read_parameter(value, out);
      return Next::Request;
    case GobStream::Next::Broken:
      break;
  }
  return Next::Broken;
}

void GobServerFormat::read_parameter(const GobStream::Value& value, Request& out) {
  out.name = std::move(requests_.header().method);
  out.id = std::to_string(requests_.header().sequence);
  const Result<const Method*> method = methods_.find(out.name);
  if (!method.ok()) {
    out.status = method.status();
    return;
  }
  out.method = *method;
  ValueReader reader(requests_.types(), max_depth_);
  Result<Bytes> message = reader.message(value, *out.method->types.request);
  if (message.ok()) {
    out.message = *std::move(message);
  } else {
    out.status = message.status();
  }
}

void GobServerFormat::answer(const Request& request, const Status& status, std::string_view message,
                             std::string& out) {
  GobHeader header;
  header.method = request.name;
  std::from_chars(request.id.data(), request.id.data() + request.id.size(), header.sequence);
  std::string result;
  Status outcome = status;
  if (outcome.ok()) {
    outcome = writer_.message(*request.method->types.response, message, result);
    if (!outcome.ok()) outcome = internal_error(outcome.message());
  }
  if (!outcome.ok()) header.error = error_text(outcome);
  put_gob_response(header, writer_, out);
  // Definitions that were made before a failure count as sent.
  out.append(result);
  if (!outcome.ok()) put_gob_no_result(out);
}

}  // namespace weft::foreign
