#pragma once

#include <csignal>
#include <string>
#include <vector>

#include <sys/types.h>

#include "weft/testing/folder.h"

namespace weft::test {

/// Whether there is an `etcd` on the path.
bool have_etcd();

/// A member of an etcd cluster: a process with a folder and ports of its own on 127.0.0.1.
class EtcdProcess {
 public:
  explicit EtcdProcess(std::string name);
  EtcdProcess(const EtcdProcess&) = delete;
  EtcdProcess& operator=(const EtcdProcess&) = delete;
  ~EtcdProcess();

  /// Clients then have to use TLS and to show a certificate. PEM text; before start().
  void use_tls(const std::string& ca, const std::string& certificate, const std::string& key);
  /// Writes a file into its folder and gives the path.
  std::string write(const std::string& name, const std::string& text) const {
    return folder_.write(name, text);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(client_port_); }
  /// "name=http://127.0.0.1:port", as --initial-cluster wants it.
  std::string peer() const;
  /// `cluster`: the peer() of every member, with commas.
  void start(const std::string& cluster);
  void start() { start(peer()); }
  /// Sends `signal` to the process; one that ends it is waited for.
  void signal(int signal);
  void kill() { signal(SIGKILL); }
  /// Its data and log are gone.
  void lose_data();

 private:
  std::string name_;
  const testing::Folder folder_;
  int client_port_;
  int peer_port_;
  std::vector<std::string> tls_;  // arguments
  pid_t pid_ = -1;
};

}  // namespace weft::test
