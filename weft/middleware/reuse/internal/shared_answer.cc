#include "weft/middleware/reuse/internal/shared_answer.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace weft::middleware {
namespace {

/// With its length, so that no two lists of parts look alike.
void append_part(std::string_view part, std::string& key) {
  const std::uint64_t size = part.size();
  key.append(reinterpret_cast<const char*>(&size), sizeof size);
  key.append(part);
}

}  // namespace

bool may_share_answer(const Call& call, const std::vector<std::string>& methods) {
  const MethodDescriptor* const method = call.method();
  if (method == nullptr || method->kind != MethodKind::Unary) return false;
  return method->no_side_effects ||
         std::find(methods.begin(), methods.end(), call.path()) != methods.end();
}

std::string answer_key(const Call& call, const std::vector<std::string>& vary,
                       const Bytes& request) {
  std::string key;
  key.reserve(call.path().size() + request.size() + 64);
  append_part(call.path(), key);
  append_part(call.codec() == nullptr ? std::string_view() : call.codec()->name(), key);
  for (const std::string& name : vary) {
    // As many as there are, then each.
    const std::vector<std::string_view> values = call.request_metadata().get_all(name);
    key.push_back(static_cast<char>(std::min<std::size_t>(values.size(), 255)));
    for (const std::string_view value : values) append_part(value, key);
  }
  const bool known = call.side() == Call::Side::Server && call.peer() != nullptr &&
                     call.peer()->identity() != nullptr;
  append_part(known ? std::string_view(call.peer()->identity()->fingerprint) : std::string_view(),
              key);
  key.append(request.view());
  return key;
}

MessageWriter::Poll ResponseTap::offer(const Message& message) {
  // Encoded once, for both.
  Message bytes = message.owned();
  const Poll outcome = inner_.offer(bytes);
  if (outcome == Poll::Accepted) {
    ++count_;
    kept_ = std::move(bytes);
  }
  return outcome;
}

std::optional<Answer> ResponseTap::answer() const {
  if (count_ != 1) return std::nullopt;
  return Answer{*kept_, call_.response_metadata(), call_.trailers()};
}

Task<Status> deliver(Call& call, const Answer& answer) {
  call.response_metadata() = answer.response_metadata;
  call.trailers() = answer.trailers;
  // A server sends it with the message.
  if (call.side() == Call::Side::Client) call.announce_response_metadata();
  const bool taken = co_await call.responses().write(answer.message);
  if (!taken) co_return call.context().cancel_reason();
  co_return Status();
}

}  // namespace weft::middleware
