#include "weft/edge/client/internal/answer_body.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

constexpr std::size_t kMostShown = 256;

/// Whether a content-type says the call's protocol, in another format.
bool is_other_format(std::string_view content_type, std::string_view expected) noexcept {
  const std::string_view family = expected.substr(0, expected.find('+'));
  if (family.size() == expected.size()) {
    return is_type(content_type, "application/json") || is_type(content_type, "application/proto");
  }
  return ascii::equal_without_case(content_type.substr(0, family.size()), family);
}

}  // namespace

bool is_type(std::string_view content_type, std::string_view wanted) noexcept {
  const std::string_view type = ascii::trimmed(content_type.substr(0, content_type.find(';')));
  if (ascii::equal_without_case(type, wanted)) return true;
  return wanted == "application/grpc-web+proto" &&
         ascii::equal_without_case(type, "application/grpc-web");
}

Status too_large(const ContentKind& kind, std::uint64_t size) {
  return resource_exhausted(std::string(kind.name) + " of " + std::to_string(size) +
                            " bytes is larger than the limit of " + std::to_string(kind.most) +
                            " bytes (" + std::string(kind.limit) + ")");
}

Task<Result<Bytes>> read_body(http1::ResponseStream& stream, ContentKind kind) {
  std::uint64_t length = 0;
  const std::string_view told = stream.info().fields.get("content-length");
  std::from_chars(told.data(), told.data() + told.size(), length);
  if (length > kind.most) co_return too_large(kind, length);
  std::string body;
  for (;;) {
    Result<Bytes> part = co_await stream.read();
    if (!part.ok()) co_return part.status();
    if (part->empty()) co_return Bytes::copy_of(body);
    if (part->size() > kind.most - body.size()) {
      co_return too_large(kind, body.size() + part->size());
    }
    body.append(part->view());
  }
}

Task<std::string> read_beginning(http1::ResponseStream& stream, std::size_t limit) {
  std::string text;
  while (text.size() < limit) {
    Result<Bytes> part = co_await stream.read();
    if (!part.ok() || part->empty()) break;
    text.append(part->view().substr(0, limit - text.size()));
  }
  co_return text;
}

std::string shown_body(std::string_view body) {
  const std::string_view shown = ascii::trimmed(body.substr(0, kMostShown));
  return shown.empty() ? std::string() : ": " + printable(shown);
}

Task<Status> foreign_answer(http1::ResponseStream stream, std::string expected) {
  const http1::ResponseInfo& info = stream.info();
  std::string text =
      "the server answered HTTP " + std::to_string(info.status) + " with content-type " +
      log_value(std::string(info.fields.get("content-type"))) + " in place of " + expected;
  const std::string shown = co_await read_beginning(stream, kMostShown);
  // Compressed text says nothing.
  if (info.fields.get("content-encoding").empty()) text += shown_body(shown);
  const bool other_format =
      info.status == 200 && is_other_format(info.fields.get("content-type"), expected);
  const StatusCode code = other_format ? StatusCode::Internal : rpc::status_of_http(info.status);
  co_return Status(code, text, Origin::Peer);
}

Status no_end(bool at_boundary, bool web) {
  std::string text = at_boundary ? "the server's body ended without "
                                 : "the server's body ended within an envelope, without ";
  text += web ? "trailers" : "the end of the stream";
  return Status(at_boundary && web ? StatusCode::Unknown : StatusCode::Internal, text,
                Origin::Peer);
}

Status behind_the_end() {
  return Status(StatusCode::Internal, "the server sent something behind the end of its stream",
                Origin::Peer);
}

}  // namespace weft::edge
