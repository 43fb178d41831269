#include "tests/generator/kinds_server.h"

#include <stdexcept>

namespace weft::test {
namespace {

ServerOptions options_for(const std::string& name) {
  ServerOptions options;
  options.listen = name;
  return options;
}

// Tests of one program run after each other and perhaps beside each other, so each has a name.
std::string unique_name() {
  static std::atomic<int> count{0};
  return "memory:kinds-" + std::to_string(++count);
}

}  // namespace

kinds::Number number(std::int64_t value) {
  kinds::Number result;
  result.set_value(value);
  return result;
}

Task<Result<kinds::Number>> Kinds::Unary(ServerContext& context, const kinds::Number& request) {
  if (const auto asked = context.metadata().get("asked")) {
    context.response_metadata().add("answered", *asked);
  }
  context.trailers().add("done", "yes");
  return number(2 * request.value());
}

Task<Result<kinds::Number>> Kinds::Up(ServerContext& context, Reader<kinds::Number>& reader) {
  context.response_metadata().add("kind", "up");
  kinds::Number next;
  std::int64_t sum = 0;
  while (co_await reader.read(next)) sum += next.value();
  co_return number(sum);
}

Task<Status> Kinds::Down(ServerContext& context, const kinds::Number& request,
                         Writer<kinds::Number>& writer) {
  context.response_metadata().add("kind", "down");
  context.trailers().add("from", std::to_string(request.value()));
  for (std::int64_t value = request.value(); value > 0; --value) {
    const kinds::Number out = number(value);
    if (!co_await writer.write(out)) co_return writer.status();
  }
  co_return request.value() < 0 ? out_of_range("the value is below 0") : ok_status();
}

Task<Status> Kinds::Both(ServerContext& context, Reader<kinds::Number>& reader,
                         Writer<kinds::Number>& writer) {
  while (const std::optional<kinds::Number> next = co_await reader.read()) {
    const kinds::Number out = number(2 * next->value());
    if (!co_await writer.write(out)) break;
  }
  if (context.is_cancelled()) ++cancelled;
  co_return context.cancel_reason();
}

KindsServer::KindsServer()
    : name_(unique_name()), server_(options_for(name_)), kinds_(server_.add<Kinds>()) {}

void KindsServer::start() {
  const Status status = server_.start();
  if (!status.ok()) throw std::runtime_error(status.to_string());
  channel_ = std::make_unique<Channel>(name_);
}

}  // namespace weft::test
