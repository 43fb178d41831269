#include "weft/http1/server/internal/served_exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/text/printable.h"
#include "weft/http1/message/parse_head.h"
#include "weft/rpc/server/handler.h"

namespace weft::http1 {
namespace {

/// A handler's task as one that has a status, which tells whether it threw.
Task<Status> with_status(Task<> task) {
  co_await std::move(task);
  co_return Status();
}

/// What is between this connection and its client only (RFC 9110 section 7.6.1).
bool is_of_connection(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 6> kNames = {
      "connection",        "keep-alive", "proxy-connection",
      "transfer-encoding", "upgrade",    "http2-settings"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

ServedExchange::ServedExchange(rpc::WireConnection& wire, ExchangeOwner& owner,
                               const ProtocolOptions& options)
    : wire_(wire),
      owner_(owner),
      options_(options),
      content_(wire.loop(), owner),
      response_(wire.loop(), owner, request_) {}

ServedExchange::~ServedExchange() {
  if (handler_ != nullptr) wire_.request_ended();
}

Fault ServedExchange::parse(std::string_view text) {
  if (Fault fault = parse_request(std::string(text), request_)) return fault;
  make_head();
  return content_.begin(request_.framing, options_.chunks, options_.max_content);
}

void ServedExchange::make_head() {
  head_.method = request_.method;
  head_.authority = request_.authority;
  head_.path = request_.path;
  head_.upgrade = request_.upgrade;
  head_.version =
      request_.version == Version::Http11 ? rpc::HttpVersion::Http11 : rpc::HttpVersion::Http10;
  if (head_.method != "CONNECT") {
    head_.scheme = wire_.peer()->tls != nullptr ? "https" : "http";
  }
  std::erase_if(request_.fields,
                [](const rpc::HttpField& field) { return is_of_connection(field.name); });
  // RFC 9112 section 3.2.2: the target's host counts, so that nobody sees another one.
  for (rpc::HttpField& field : request_.fields) {
    if (field.name == "host") field.value = request_.authority;
  }
  head_.fields = request_.fields;
}

std::string ServedExchange::describe() const {
  return printable(head_.method.substr(0, 32)) + ' ' + printable(head_.path.substr(0, 64));
}

void ServedExchange::serve(rpc::HttpHandler& handler) noexcept {
  handler_ = &handler;
  wire_.loop().ready(start_);
}

void ServedExchange::start(Runnable& runnable) noexcept {
  static_cast<Start&>(runnable).self.run();
}

void ServedExchange::run() noexcept {
  // Gone before it began: the handler is spared.
  if (context_.is_cancelled()) return finish(context_.cancel_reason());
  try {
    task_ = coro::SmallTask(with_status(handler_->serve(*this)));
    task_.start_at_top(&context_, {[](void* exchange) noexcept {
                                     static_cast<ServedExchange*>(exchange)->on_task_done();
                                   },
                                   this});
  } catch (...) {
    finish(rpc::status_of_exception(describe()));
  }
}

void ServedExchange::on_task_done() noexcept {
  Status status;
  try {
    status = std::move(task_.result());
  } catch (...) {
    status = rpc::status_of_exception(describe());
  }
  finish(status);
}

/// The handler has ended with `status`: makes up for what is missing of the response.
void ServedExchange::finish(const Status& status) noexcept {
  if (context_.is_cancelled()) {
    response_.close();
  } else if (!response_.begun()) {
    if (status.ok()) log(LogLevel::Error, describe() + ": the handler gave no response");
    response_.answer(500, "the handler gave no response\n");
  } else if (!response_.ended() && status.ok()) {
    static_cast<void>(response_.end({}));
  } else if (!response_.ended()) {
    owner_.on_broken_response();
  }
  handled_ = true;
  owner_.on_handler_end();
}

void ServedExchange::refuse(int status, std::string_view why) {
  response_.answer(status, std::string(why) + "\n");
  handled_ = true;
  owner_.on_handler_end();
}

void ServedExchange::cancel(const Status& why) noexcept {
  context_.cancel(why);
  content_.end();
  response_.close();
}

Status ServedExchange::hold(std::size_t bytes) {
  const bool more = bytes > std::exchange(held_, bytes);
  owner_.on_memory_changed();
  return more ? wire_.admit_memory() : Status();
}

std::size_t ServedExchange::memory() const noexcept {
  return sizeof(ServedExchange) + held_ + request_.text.capacity() +
         request_.fields.capacity() * sizeof(rpc::HttpField) + content_.memory() +
         response_.memory();
}

}  // namespace weft::http1
