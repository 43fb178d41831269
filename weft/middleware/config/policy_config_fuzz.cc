// Policy configs from strangers: nothing crashes, what is wrong is INVALID_ARGUMENT, and what is
// read once is read again, with what was made of it before in use.
//
// Input: the text.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "weft/middleware/config/policy_config.h"

namespace {

using namespace weft;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", rule);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  PolicyConfig config;
  const Status first = config.set(text);
  require(first.ok() || first.code() == StatusCode::InvalidArgument, "errors are INVALID_ARGUMENT");
  require(first.message().size() < 16384, "errors are short");
  require(config.set(text) == first, "the same text is read in the same way again");
  return 0;
}
