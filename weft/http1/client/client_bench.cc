// What a small GET over a kept connection costs this thread, beside libcurl where there is one. The
// server is a thread that answers each head with the same bytes.

#include <array>
#include <cstdint>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef WEFT_HAS_CURL
#include <curl/curl.h>
#endif

#include "weft/http1/client/client.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/testing/run.h"

namespace weft::http1 {
namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "content-length: 13\r\n\r\nHello, world!";

/// One connection at a time.
class Answering {
 public:
  Answering() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listening_, raw, size) != 0 || ::listen(listening_, 1) != 0) std::abort();
    ::getsockname(listening_, raw, &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    thread_ = std::thread([this] { run(); });
  }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;
  ~Answering() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }
  const std::string& url() const noexcept { return url_; }

 private:
  void run() const {
    for (;;) {
      const int client = ::accept(listening_, nullptr, nullptr);
      if (client < 0) return;
      std::array<char, 4096> block;
      for (;;) {
        const ssize_t size = ::recv(client, block.data(), block.size(), 0);
        if (size <= 0) break;
        // Requests are small and come whole.
        if (::send(client, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) <= 0) break;
      }
      ::close(client);
    }
  }

  int listening_;
  std::string url_;
  std::thread thread_;
};

Task<> get_again_and_again(benchmark::State& state, Client& http, const std::string& url) {
  for (auto _ : state) {
    const Result<Response> page = co_await http.get(url);
    if (!page.ok() || page->text() != "Hello, world!") state.SkipWithError("no page");
  }
}

void get_by_weft(benchmark::State& state) {
  const Answering server;
  net::AsioLoop loop;
  auto http = std::make_unique<Client>(ClientOptions{.proxy = ""});
  testing::run(loop, get_again_and_again(state, *http, server.url()), std::chrono::hours(1));
  loop.enter([&] { http.reset(); });
}
BENCHMARK(get_by_weft);

#ifdef WEFT_HAS_CURL
std::size_t append(char* data, std::size_t, std::size_t size, void* to) {
  static_cast<std::string*>(to)->append(data, size);
  return size;
}

void get_by_libcurl(benchmark::State& state) {
  const Answering server;
  CURL* const curl = curl_easy_init();
  std::string body;
  curl_easy_setopt(curl, CURLOPT_URL, server.url().c_str());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
  for (auto _ : state) {
    body.clear();
    if (curl_easy_perform(curl) != CURLE_OK || body != "Hello, world!") {
      state.SkipWithError("no page");
    }
  }
  curl_easy_cleanup(curl);
}
BENCHMARK(get_by_libcurl);
#endif

}  // namespace
}  // namespace weft::http1
