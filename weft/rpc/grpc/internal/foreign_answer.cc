#include "weft/rpc/grpc/internal/foreign_answer.h"

#include <utility>

#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::rpc {
namespace {

// A line or two: enough for "upstream connect error" and for the title of a page.
constexpr std::size_t kShown = 256;
constexpr std::size_t kLongestType = 64;

}  // namespace

ForeignAnswer::ForeignAnswer(int http_status, std::string_view content_type, std::string expected)
    : http_status_(http_status),
      content_type_(content_type.substr(0, kLongestType)),
      expected_(std::move(expected)) {}

bool ForeignAnswer::take(std::string_view data) {
  // One byte more than is shown tells whether a character is cut there.
  body_.append(data.substr(0, kShown + 1 - body_.size()));
  return body_.size() > kShown;
}

Status ForeignAnswer::status() const {
  std::string message = "the server answered with ";
  if (http_status_ != 200) {
    message.append("HTTP status ").append(std::to_string(http_status_)).append(" instead of gRPC");
  } else {
    message.append("content-type '").append(printable(content_type_));
    message.append("' instead of ").append(expected_);
    if (content_type_of(content_type_) != ContentType::NotGrpc) {
      return Status(StatusCode::Internal, message, Origin::Peer);
    }
  }
  if (!body_.empty()) {
    message.append("; its answer begins: ").append(printable(utf8_prefix(body_, kShown)));
  }
  return Status(status_of_http(http_status_), message, Origin::Peer);
}

}  // namespace weft::rpc
