#pragma once

#include <memory>
#include <optional>
#include <string>

#include "weft/base/result.h"
#include "weft/coro/task.h"

#include "tools/weft/json/json_splitter.h"
#include "tools/weft/schema/source/text_source.h"

namespace weft::cli {

/// The requests of a call, one JSON value each, as they come out of a text.
class RequestSource {
 public:
  explicit RequestSource(std::unique_ptr<TextSource> text) : text_(std::move(text)) {}

  /// The next value; nothing at the end of the text. INVALID_ARGUMENT naming the text and the place
  /// when it is not JSON.
  Task<Result<std::optional<JsonText>>> next();
  /// The only value: INVALID_ARGUMENT when there is none, or more than one.
  Task<Result<JsonText>> only();

  /// `status` with what the text is called before it.
  Status blame(const Status& status) const { return status.with_prefix(text_->name()); }

 private:
  std::unique_ptr<TextSource> text_;
  JsonSplitter splitter_;
  Status broken_;
  bool ended_ = false;
};

/// What the DATA argument means: JSON, `-` for standard input, `@path` for a file. Without one a
/// method that takes a stream reads standard input, others take `{}`.
Result<std::unique_ptr<TextSource>> text_of(const std::optional<std::string>& argument,
                                            bool streams_requests);

}  // namespace weft::cli
