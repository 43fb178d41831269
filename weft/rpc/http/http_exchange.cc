#include <charconv>
#include <string>
#include <utility>

#include "weft/rpc/http/http_handler.h"

namespace weft::rpc {

Task<Status> HttpExchange::respond(int status, std::string_view content_type, Bytes content) {
  const std::string length = std::to_string(content.size());
  Status begun = begin(status, {{"content-type", content_type}, {"content-length", length}});
  if (!begun.ok()) co_return begun;
  const Message whole = Message(std::move(content)).mark_last();
  const bool taken = co_await response().write(whole);
  co_return taken ? Status() : Status(context().cancel_reason());
}

}  // namespace weft::rpc
