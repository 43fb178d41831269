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

/// A channel with a connection of its own.
inline std::shared_ptr<grpc::Channel> channel_of(const Plan& plan) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (plan.tls_ca.empty()) {
    return grpc::CreateCustomChannel(plan.target, grpc::InsecureChannelCredentials(), arguments);
  }
  arguments.SetSslTargetNameOverride("localhost");
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = text_of(plan.tls_ca);
  return grpc::CreateCustomChannel(plan.target, grpc::SslCredentials(options), arguments);
}

}  // namespace bench
