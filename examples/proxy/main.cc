#include <cstdio>

#include "proxy.h"

int main(int argc, char* argv[]) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: proxy LISTEN BACKEND, as in: proxy :8080 127.0.0.1:50051\n");
    return 2;
  }
  // Without health and reflection of its own: those of the backend are passed on as well.
  weft::Server server{{.listen = argv[1], .health = false, .reflection = false}};
  server.fallback(std::make_shared<Proxy>(argv[2]));
  return weft::run(server);
}
