#pragma once

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <grpcpp/grpcpp.h>

#include "bench/client/plan.h"
#include "bench/peers/server_flags.h"

namespace bench {

inline std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

inline std::shared_ptr<grpc::ServerCredentials> credentials_of(const ServerFlags& flags) {
  if (flags.tls_cert.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({text_of(flags.tls_key), text_of(flags.tls_cert)});
  return grpc::SslServerCredentials(options);
}

/// As weft::retry() is by default: three attempts, within a budget.
inline constexpr const char* kRetries =
    R"({"methodConfig":[{"name":[{}],"retryPolicy":{"maxAttempts":3,"initialBackoff":"0.05s",)"
    R"("maxBackoff":"1s","backoffMultiplier":1.6,"retryableStatusCodes":["UNAVAILABLE"]}}],)"
    R"("retryThrottling":{"maxTokens":100,"tokenRatio":0.1}})";

/// A channel with a connection of its own to each instance.
inline std::shared_ptr<grpc::Channel> channel_of(const Plan& plan) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (plan.instances > 1) arguments.SetLoadBalancingPolicyName("round_robin");
  if (plan.retries) arguments.SetServiceConfigJSON(kRetries);
  const std::string target = plan.instances_behind("ipv4:");
  if (plan.tls_ca.empty()) {
    return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  }
  arguments.SetSslTargetNameOverride("localhost");
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = text_of(plan.tls_ca);
  return grpc::CreateCustomChannel(target, grpc::SslCredentials(options), arguments);
}

}  // namespace bench
