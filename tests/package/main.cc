#include <cstdio>

#include "weft/base/status.h"
#include "weft/coro/task.h"

int main() {
  const weft::Status status = weft::not_found("no such thread");
  std::printf("%s\n", status.to_string().c_str());
  return status.ok() ? 1 : 0;
}
