// fetch URL: writes the page of a URL to standard output, as it comes.

#include <iostream>
#include <string>
#include <utility>

#include "weft/http1/client.h"
#include "weft/net/loop_thread.h"

namespace http1 = weft::http1;

weft::Task<weft::Status> fetch(std::string url) {
  http1::Client http{{.user_agent = "fetch", .max_redirects = 5}};
  weft::Result<http1::ResponseStream> page = co_await http.open(http1::Request("GET", url));
  if (!page.ok()) co_return page.status();

  std::cerr << page->info().url.to_string() << ": " << page->info().status << ' '
            << page->info().fields.get("content-type") << '\n';
  for (;;) {
    weft::Result<weft::Bytes> part = co_await page->read();
    if (!part.ok()) co_return part.status();  // the page is not whole
    if (part->empty()) co_return weft::ok_status();
    std::cout << part->view();
  }
}

int main(int argc, char* argv[]) {
  if (argc != 2) {
    std::cerr << "usage: fetch URL\n";
    return 2;
  }
  weft::net::LoopThread loop;
  const weft::Status status = weft::net::run_blocking(loop.loop(), fetch(argv[1]));
  if (status.ok()) return 0;
  std::cerr << status.to_string() << '\n';
  return 1;
}
