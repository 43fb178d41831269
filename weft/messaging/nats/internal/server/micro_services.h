#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/messaging/nats/internal/setup.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/method.h"

namespace weft::nats {

/// The services of a server as NATS' own tools see them: the micro protocol (NATS ADR-32), in which
/// `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS` are answered by every service, and the same with its
/// name and its id behind it by one. A service of weft's is one there, each of its methods an
/// endpoint, and each loop of a server an instance.
class MicroServices {
 public:
  /// `setup` and `services` outlive it.
  MicroServices(net::Loop& loop, const Setup& setup,
                std::span<const ServiceDescriptor* const> services);

  /// What is to be subscribed to, without a group.
  std::vector<std::string> subjects() const;
  static bool is_request(std::string_view subject) noexcept { return subject.starts_with("$SRV."); }
  /// The answers of those that are asked, in JSON.
  std::vector<std::string> answers(std::string_view subject) const;

  /// A call of the method has ended.
  void count(const MethodDescriptor& method, Duration took, const Status& status);

 private:
  struct Stats {
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    std::string_view last_error;  ///< a code's name: messages may be of one caller only
    Duration took{};
  };
  enum class Verb : std::uint8_t { Ping, Info, Stats };

  std::string answer(const ServiceDescriptor& service, Verb verb) const;
  void append_endpoint(std::string& json, const ServiceDescriptor& service,
                       const MethodDescriptor& method, Verb verb) const;

  const Setup& setup_;
  const std::span<const ServiceDescriptor* const> services_;
  const std::string id_;
  const std::string started_;
  std::unordered_map<const MethodDescriptor*, Stats> stats_;
};

}  // namespace weft::nats
