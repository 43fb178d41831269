#pragma once

#include <memory>
#include <string>

#include "weft/base/bytes.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/service.h"
#include "weft/telemetry/otlp/internal/export_answer.h"
#include "weft/telemetry/otlp/otlp_options.h"

namespace weft::telemetry::internal {

/// Sends a request of one signal to a collector, once. On one loop.
class Sender {
 public:
  virtual ~Sender() = default;
  virtual Task<ExportAnswer> send(Bytes request) = 0;
  /// Where to, for a log.
  virtual const std::string& where() const noexcept = 0;
};

/// By HTTP/1.1, with a client of its own.
std::unique_ptr<Sender> http_sender(const OtlpOptions& options, OtlpSignal signal);
/// By gRPC, with a channel of its own, which nobody observes: an export makes no spans.
std::unique_ptr<Sender> grpc_sender(const OtlpOptions& options, OtlpSignal signal);
/// The same through `channel`, which outlives it.
std::unique_ptr<Sender> grpc_sender(const OtlpOptions& options, OtlpSignal signal,
                                    Service& channel);

}  // namespace weft::telemetry::internal
