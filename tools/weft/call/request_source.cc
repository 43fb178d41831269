#include "tools/weft/call/request_source.h"

#include <utility>

namespace weft::cli {

Task<Result<std::optional<JsonText>>> RequestSource::next() {
  JsonText value;
  while (!splitter_.pop(value)) {
    // Values before the place that is broken are still given out.
    if (!broken_.ok()) co_return blame(broken_);
    if (ended_) co_return std::optional<JsonText>();
    const Result<std::string> piece = co_await text_->read();
    if (!piece.ok()) co_return piece.status();
    ended_ = piece->empty();
    broken_ = ended_ ? splitter_.finish() : splitter_.push(*piece);
  }
  co_return std::optional<JsonText>(std::move(value));
}

Task<Result<JsonText>> RequestSource::only() {
  Result<std::optional<JsonText>> first = co_await next();
  if (!first.ok()) co_return first.status();
  if (!*first) {
    co_return blame(invalid_argument("there is no JSON in it; this method takes one request"));
  }
  const Result<std::optional<JsonText>> second = co_await next();
  if (!second.ok()) co_return second.status();
  if (*second) {
    co_return blame(invalid_argument("line " + std::to_string((*second)->position.line) +
                                     ", column " + std::to_string((*second)->position.column) +
                                     ": a second JSON value; this method takes one request"));
  }
  co_return std::move(**first);
}

Result<std::unique_ptr<TextSource>> text_of(const std::optional<std::string>& argument,
                                            bool streams_requests) {
  if (!argument && !streams_requests) return text_argument("DATA", "{}");
  if (!argument || *argument == "-") return standard_input();
  if (argument->starts_with('@')) return open_text(argument->substr(1));
  return text_argument("DATA", *argument);
}

}  // namespace weft::cli
