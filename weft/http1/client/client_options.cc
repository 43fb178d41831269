#include "weft/http1/client/client_options.h"

#include <string_view>
#include <utility>

#include "weft/base/log/log_value.h"
#include "weft/net/proxy/http_proxy.h"

namespace weft::http1 {
namespace {

Status refused(std::string_view option, std::string_view why) {
  return invalid_argument("ClientOptions::" + std::string(option) + ": " + std::string(why));
}

Status check_durations(const ClientOptions& options) {
  const std::pair<std::string_view, Duration> all[] = {
      {"connect_timeout", options.connect_timeout},
      {"timeout", options.timeout},
      {"response_timeout", options.response_timeout},
      {"stall_timeout", options.stall_timeout},
      {"idle_timeout", options.idle_timeout}};
  for (const auto& [name, value] : all) {
    if (value <= Duration::zero()) {
      return refused(name, "it is " + to_string(value) + ", and has to be above 0s");
    }
  }
  return {};
}

Status check_counts(const ClientOptions& options) {
  const std::pair<std::string_view, std::size_t> all[] = {
      {"max_connections", options.max_connections},
      {"max_origins", options.max_origins},
      {"max_head", options.max_head},
      {"max_fields", options.max_fields}};
  for (const auto& [name, value] : all) {
    if (value == 0) return refused(name, "it is 0, and has to be at least 1");
  }
  return {};
}

}  // namespace

Status ClientOptions::valid() const {
  if (Status status = check_durations(*this); !status.ok()) return status;
  if (Status status = check_counts(*this); !status.ok()) return status;
  for (const char c : user_agent) {
    if (c < ' ' || c > '~') {
      return refused("user_agent",
                     log_value(user_agent) + " is more than visible ASCII and spaces");
    }
  }
  if (proxy != "environment" && !proxy.empty()) {
    if (Status status = net::read_proxy("ClientOptions::proxy", proxy).status(); !status.ok()) {
      return status;
    }
  }
  return balancing == nullptr ? Status()
                              : balancing->valid().with_prefix("ClientOptions::balancing");
}

}  // namespace weft::http1
