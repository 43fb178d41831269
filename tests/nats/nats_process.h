#pragma once

#include <csignal>
#include <string>

#include <sys/types.h>

#include "weft/testing/folder.h"

#include "tests/peers/free_port.h"

namespace weft::test {

/// Whether there is a `nats-server` on the path.
bool have_nats();

/// A nats-server: a process with a folder and a port of its own on 127.0.0.1.
class NatsProcess {
 public:
  /// `config`: lines of its configuration.
  explicit NatsProcess(std::string config = {}) : config_(std::move(config)) { start(); }
  NatsProcess(const NatsProcess&) = delete;
  NatsProcess& operator=(const NatsProcess&) = delete;
  ~NatsProcess() { kill(); }

  void start();
  /// After SIGSTOP it does nothing any more.
  void signal(int signal) const;
  void kill();
  /// "nats://127.0.0.1:4222/shop"; `credentials` as in "user:password@".
  std::string url(const std::string& credentials = {}, const std::string& scheme = "nats") const {
    return scheme + "://" + credentials + "127.0.0.1:" + std::to_string(port) + "/shop";
  }

  const testing::Folder folder;
  const int port = free_port();

 private:
  const std::string config_;
  pid_t pid_ = -1;
};

}  // namespace weft::test
