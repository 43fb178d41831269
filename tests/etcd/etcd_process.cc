#include "tests/etcd/etcd_process.h"

#include <array>
#include <filesystem>
#include <utility>

#include <sys/wait.h>

#include "tests/peers/free_port.h"
#include "tests/peers/program_path.h"
#include "tests/peers/start_program.h"

namespace weft::test {
bool have_etcd() { return !program_path("etcd").empty(); }

EtcdProcess::EtcdProcess(std::string name)
    : name_(std::move(name)), client_port_(free_port()), peer_port_(free_port()) {}

EtcdProcess::~EtcdProcess() { kill(); }

std::string EtcdProcess::peer() const {
  return name_ + "=http://127.0.0.1:" + std::to_string(peer_port_);
}

void EtcdProcess::use_tls(const std::string& ca, const std::string& certificate,
                          const std::string& key) {
  tls_ = {"--trusted-ca-file=" + folder_.write("ca.pem", ca),
          "--cert-file=" + folder_.write("server.pem", certificate),
          "--key-file=" + folder_.write("server.key", key), "--client-cert-auth"};
}

void EtcdProcess::start(const std::string& cluster) {
  const std::string client_url = (tls_.empty() ? "http://" : "https://") + address();
  const std::string peer_url = "http://127.0.0.1:" + std::to_string(peer_port_);
  std::vector<std::string> words = {program_path("etcd"),
                                    "--name=" + name_,
                                    "--data-dir=" + folder_.file("data"),
                                    "--listen-client-urls=" + client_url,
                                    "--advertise-client-urls=" + client_url,
                                    "--listen-peer-urls=" + peer_url,
                                    "--initial-advertise-peer-urls=" + peer_url,
                                    "--initial-cluster=" + cluster,
                                    "--initial-cluster-token=weft-test",
                                    "--logger=zap"};
  words.insert(words.end(), tls_.begin(), tls_.end());
  pid_ = start_program(std::move(words), folder_.file("log"));
}

void EtcdProcess::signal(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  if (signal != SIGKILL && signal != SIGTERM) return;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
}

void EtcdProcess::lose_data() { std::filesystem::remove_all(folder_.file("data")); }

}  // namespace weft::test
