#include "bench/client/counters.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace bench {
namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  if (clock_gettime(clock, &now) != 0) return 0;
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

bool goes_to(int socket, std::uint16_t port) {
  sockaddr_in6 peer{};  // large enough for IPv4; the port stands at the same place
  socklen_t size = sizeof peer;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return false;
  return (peer.sin6_family == AF_INET || peer.sin6_family == AF_INET6) &&
         ntohs(peer.sin6_port) == port;
}

void count_bytes(std::uint16_t port, Counters& counters) {
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", gone)) {
    const int socket = std::atoi(entry.path().filename().c_str());
    tcp_info info{};
    socklen_t size = sizeof info;
    if (!goes_to(socket, port) || getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
      continue;
    }
    counters.bytes_sent += info.tcpi_bytes_sent;
    counters.bytes_received += info.tcpi_bytes_received;
  }
}

}  // namespace

Counters Counters::now(int server, std::uint16_t port) {
  Counters counters;
  counters.client_cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  clockid_t clock{};
  if (server != 0 && clock_getcpuclockid(server, &clock) == 0) {
    counters.server_cpu = seconds_of(clock);
  }
  count_bytes(port, counters);
  return counters;
}

}  // namespace bench
