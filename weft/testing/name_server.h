#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/udp.hpp>

#include "weft/net/dns/dns.h"
#include "weft/net/loop/asio_loop.h"

namespace weft::testing {

/// An authority for a handful of names (RFC 1035), on a UDP port of 127.0.0.1 and on an AsioLoop,
/// which it must not outlive. A name that it does not have gets NXDOMAIN.
class NameServer {
 public:
  struct Records {
    std::vector<std::string> v4{};  ///< rdata: four bytes each
    std::vector<std::string> v6{};  ///< sixteen
    std::vector<net::DnsService> services{};
    std::string alias_of{};  ///< CNAME; the records are then those of that name
    std::uint32_t ttl = 60;
    bool truncated = false;  ///< asks to come again over TCP
    bool silent = false;
    int response_code = 0;  ///< 2: SERVFAIL
  };

  explicit NameServer(net::AsioLoop& loop);
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
  std::uint16_t port() const { return socket_.local_endpoint().port(); }
  int queries() const { return queries_; }
  /// The answer to a query; empty for none.
  std::string answer(std::string_view query, bool over_tcp);

  std::map<std::string, Records> names;

 private:
  void receive();

  boost::asio::ip::udp::socket socket_;
  boost::asio::ip::udp::endpoint peer_;
  std::array<char, 1500> buffer_{};
  int queries_ = 0;
};

}  // namespace weft::testing
