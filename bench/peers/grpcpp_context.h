#pragma once

#include <chrono>
#include <string>

#include <grpcpp/grpcpp.h>

#include "bench/client/plan.h"
#include "bench/client/production.h"

namespace bench {

/// Gives the context of the next call what the plan says: its deadline, its headers.
inline void prepare(grpc::ClientContext& context, const Plan& plan, ProductionHeaders& headers) {
  if (plan.timeout_ms != 0) {
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::milliseconds(plan.timeout_ms));
  }
  if (plan.compression == "gzip") context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  if (!plan.production) return;
  headers.next();
  headers.for_each([&context](auto name, auto value) {
    context.AddMetadata(std::string(name), std::string(value));
  });
}

}  // namespace bench
