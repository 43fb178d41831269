#pragma once

#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/rpc/call/metadata.h"

#include "tools/weft/bench/load/text_template.h"

namespace weft::cli::bench {

/// Metadata whose values may have variables in them (TextTemplate). Values of names that end in
/// -bin are bytes and have none.
class HeaderTemplates {
 public:
  HeaderTemplates() = default;
  /// INVALID_ARGUMENT naming the header and what is wrong.
  static Result<HeaderTemplates> create(const Metadata& headers);

  /// Without variables that change.
  bool constant() const noexcept;
  /// Replaces what `metadata` has by the headers with these values.
  void fill(Metadata& metadata, Variables& variables) const;

 private:
  struct Header {
    std::string name;
    std::string value;  // of one that is constant
    TextTemplate changing;
    bool constant = true;
  };
  std::vector<Header> headers_;
};

}  // namespace weft::cli::bench
