#include "weft/rpc/http/internal/http_requests.h"

#include <array>
#include <string>

#include "weft/rpc/http/internal/http_stream.h"
#include "weft/rpc/server/internal/server_impl.h"
#include "weft/rpc/server/internal/server_loop.h"
#include "weft/rpc/server/socket/internal/server_connection.h"

namespace weft {
namespace rpc {
namespace {

/// A short answer to a request that there is no room or no time for.
void refuse(ServerConnection& connection, http2::Stream& stream, const Status& why,
            bool end_stream) {
  const std::array<http2::HeaderField, 3> fields = {
      http2::HeaderField{":status", "503", http2::Token::Status},
      http2::HeaderField{"content-type", "text/plain", http2::Token::ContentType},
      http2::HeaderField{"retry-after", kRetryAfter}};
  connection.session().send_headers(stream, fields, false);
  connection.session().queue_data(stream, Bytes::copy_of(std::string(why.message()) + "\n"), true);
  if (!end_stream) connection.read_to_its_end(stream);
  connection.flush_later();
}

}  // namespace

Status HttpRequests::start(const Dispatcher& dispatcher) {
  for (const auto& handler : handlers_) {
    if (Status status = handler->start(dispatcher); !status.ok()) return status;
  }
  return {};
}

bool HttpRequests::take(ServerConnection& connection, http2::Stream& stream,
                        http2::HeaderFields fields, bool end_stream) {
  std::vector<HttpField> others;
  HttpHead head;
  std::size_t size = 0;
  for (const http2::HeaderField& field : fields) {
    size += field.size();
    if (!take_pseudo(field, head)) others.push_back({field.name, field.value});
  }
  connection.spend_on_headers(size);
  head.fields = others;
  if (head.authority.empty()) head.authority = head.field("host");
  HttpHandler* handler = handler_for(head);
  if (handler == nullptr) return false;
  const Status admitted =
      connection.server().admit_request(connection.in_round(), *connection.memory(),
                                        *connection.peer(), head.path, handler->refusable());
  if (admitted.ok()) {
    HttpStream::begin(connection, stream, *handler, fields, end_stream);
  } else {
    refuse(connection, stream, admitted, end_stream);
  }
  return true;
}

HttpHandler* HttpRequests::handler_for(const HttpHead& head) const {
  for (const auto& handler : handlers_) {
    if (handler->takes(head)) return handler.get();
  }
  return nullptr;
}

}  // namespace rpc

void Server::add(std::shared_ptr<rpc::HttpHandler> handler) {
  impl_->refuse_late("add", "a handler of HTTP requests");
  std::unique_ptr<rpc::OtherRequests>& all = impl_->shared().other_requests;
  if (all == nullptr) all = std::make_unique<rpc::HttpRequests>();
  static_cast<rpc::HttpRequests&>(*all).add(std::move(handler));
}

}  // namespace weft
