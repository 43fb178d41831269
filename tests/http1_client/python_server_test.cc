// The client against Python's http.server, in plaintext and over TLS.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http1/client.h"
#include "weft/net/asio_loop.h"
#include "weft/testing/certificates.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"

namespace weft::http1 {
namespace {

using ::testing::HasSubstr;

/// A process with the server.
class PythonServer {
 public:
  explicit PythonServer(const std::string& arguments = {})
      : output_(::popen((std::string("exec ") + PYTHON_SERVER + " " + arguments).c_str(), "r")) {
    int port = 0;
    if (output_ == nullptr || std::fscanf(output_, "listening on 127.0.0.1:%d", &port) != 1) {
      throw std::runtime_error("the server does not listen");
    }
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  PythonServer(const PythonServer&) = delete;
  PythonServer& operator=(const PythonServer&) = delete;
  ~PythonServer() { ::pclose(output_); }
  const std::string& address() const noexcept { return address_; }

 private:
  std::FILE* output_;
  std::string address_;
};

class WithPython : public ::testing::Test {
 protected:
  void begin(const std::string& scheme, const std::string& arguments, ClientOptions options) {
    server = std::make_unique<PythonServer>(arguments);
    base = scheme + "://" + server->address();
    options.proxy = "";
    options.max_redirects = 2;
    http = std::make_unique<Client>(std::move(options));
  }
  void end() {
    EXPECT_TRUE(get("/quit").ok());
    loop.enter([this] { http.reset(); });
  }
  Result<Response> get(const std::string& path) {
    return testing::run(loop, http->get(base + path));
  }
  std::string text(const std::string& path) {
    const Result<Response> page = get(path);
    return page.ok() ? std::string(page->text()) : page.status().to_string();
  }
  void expect_pages();

  net::AsioLoop loop;
  std::unique_ptr<PythonServer> server;
  std::unique_ptr<Client> http;
  std::string base;
};

class Numbers final : public BodySource {
 public:
  Task<Result<Bytes>> next() override {
    if (left_ == 0) return Bytes();
    return Bytes::copy_of(std::to_string(left_--));
  }

 private:
  int left_ = 9;
};

void WithPython::expect_pages() {
  EXPECT_EQ(text("/hello"), "hello");
  EXPECT_EQ(text("/chunked"), "onetwothree");
  EXPECT_EQ(text("/moved"), "hello");
  EXPECT_EQ(text("/gzip").size(), 7000U);
  EXPECT_EQ(text("/large"), std::string(3'000'000, 'x'));
  EXPECT_EQ(get("/missing")->status, 404);
  Result<Response> echo =
      testing::run(loop, http->post(base + "/echo", "text/x", std::string(300'000, 'y')));
  ASSERT_TRUE(echo.ok()) << echo.status();
  EXPECT_EQ(echo->text(), std::string(300'000, 'y'));
  EXPECT_EQ(echo->fields.get("x-type"), "text/x");
  Request numbers("POST", base + "/echo");
  numbers.body(std::make_shared<Numbers>());
  echo = testing::run(loop, http->send(std::move(numbers)));
  ASSERT_TRUE(echo.ok()) << echo.status();
  EXPECT_EQ(echo->text(), "987654321");
}

TEST_F(WithPython, ReadsItsPages) {
  begin("http", "", {});
  expect_pages();
  // send_error() closes; all else shares one.
  EXPECT_LE(http->stats().connections, 2U);
  end();
}

TEST_F(WithPython, ReadsItsPagesOverTls) {
  const testing::CertificateAuthority authority;
  const testing::CertificateText certificate = authority.server({.ips = {"127.0.0.1"}});
  const testing::Folder folder;
  const std::string file = folder.write("server.pem", certificate.certificate + certificate.key);
  ClientOptions options;
  options.tls.ca = authority.certificate();
  begin("https", file, options);
  expect_pages();
  const Result<Response> cut = testing::run(loop, http->get(base + "/cut"));
  EXPECT_THAT(cut.status().to_string(), HasSubstr("TLS broke off without its end"));
  Client stranger(ClientOptions{.proxy = ""});
  const Result<Response> page = testing::run(loop, stranger.get(base + "/hello"));
  EXPECT_EQ(page.status().code(), StatusCode::Unavailable);
  EXPECT_THAT(page.status().to_string(), HasSubstr("GET https://127.0.0.1:"));
  end();
}

}  // namespace
}  // namespace weft::http1
