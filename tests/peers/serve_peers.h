#pragma once

#include <cstdio>
#include <iostream>

#include "weft/rpc/server.h"

namespace weft::test {

/// Starts a server, prints its port, and serves until standard input ends. The exit status of the
/// program (peers/served.py runs it).
inline int serve_peers(Server& server) {
  if (const Status started = server.start(); !started.ok()) {
    std::cerr << started << "\n";
    return 1;
  }
  std::printf("%d\n", server.port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  server.stop();
  return 0;
}

}  // namespace weft::test
