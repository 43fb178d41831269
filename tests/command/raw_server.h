#pragma once

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace weft::test {

/// A port of 127.0.0.1 that is no gRPC server: it takes each connection, waits for its first bytes,
/// sends `answer`, and closes it or leaves it open.
class RawServer {
 public:
  enum class Then { Close, StayOpen, CloseUnread };

  RawServer(std::string answer, Then then);
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  ~RawServer();

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void serve();
  void answer(int connection);

  std::string answer_;
  Then then_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::vector<int> open_;
  std::thread thread_;
};

/// A port of 127.0.0.1 on which nobody listens.
std::string closed_port();

}  // namespace weft::test
