// A server of the files of a folder, over HTTP/1.1 and 2 on one port. Prints the port, and serves
// until its standard input ends.
//
// usage: files_server FOLDER

#include <iostream>

#include "weft/edge/files/files.h"
#include "weft/http1/server/protocol.h"
#include "weft/rpc/server.h"

#include "tests/peers/serve_peers.h"

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: files_server FOLDER\n";
    return 2;
  }
  weft::Server server({.listen = "127.0.0.1:0"});
  server.add(weft::edge::files({.folder = arguments[1], .fallback = "index.html"}));
  server.add(weft::http1::protocol());
  return weft::test::serve_peers(server);
}
