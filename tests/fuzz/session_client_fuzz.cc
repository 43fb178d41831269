// A client's session under a scripted server, see session_script.h.

#include "tests/fuzz/session_script.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::fuzz::SessionScript(weft::http2::Role::Client, weft::fuzz::Input(data, size)).run();
  return 0;
}
