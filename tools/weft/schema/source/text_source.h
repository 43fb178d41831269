#pragma once

#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/coro/task.h"

namespace weft::cli {

/// Text that comes in pieces.
class TextSource {
 public:
  virtual ~TextSource() = default;
  /// The next piece, empty at the end; or why there is none, the cancellation of the context
  /// included.
  virtual Task<Result<std::string>> read() = 0;
  /// What messages call it: "standard input".
  virtual const std::string& name() const noexcept = 0;
};

/// A text that is there already.
std::unique_ptr<TextSource> text_argument(std::string name, std::string text);
/// Standard input, read as it comes and without blocking the loop. Only on an AsioLoop.
std::unique_ptr<TextSource> standard_input();
/// A file, a pipe or a device. INVALID_ARGUMENT naming it and the cause when it cannot be opened.
Result<std::unique_ptr<TextSource>> open_text(const std::string& path);

}  // namespace weft::cli
