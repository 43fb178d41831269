#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.pb.h>

#include "weft/base/result.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/call_options.h"
#include "weft/rpc/client/client_stream.h"

#include "grpc/reflection/v1/reflection.pb.h"
#include "tools/weft/schema/schema.h"
#include "tools/weft/schema/source/reflected_files.h"

namespace weft::cli {

/// Whether a question that failed so means that the others fail too.
bool is_final(const Status& status);

/// Asks a server for its types by grpc.reflection.v1, or v1alpha where it has only that, and
/// gathers the files it gets. What the server sends is bounded (ReflectionLimits), and so is the
/// time from its first answer to the last where the call has no timeout. Belongs to the loop it is
/// used on; one question at a time.
class ReflectionSource {
 public:
  /// What `options` points to, and `service`, must outlive this.
  ReflectionSource(Service& service, const CallOptions& options,
                   const ReflectionLimits& limits = {})
      : service_(service), options_(options), files_(limits) {}
  ReflectionSource(const ReflectionSource&) = delete;
  ReflectionSource& operator=(const ReflectionSource&) = delete;

  /// Full names, in the server's order.
  Task<Result<std::vector<std::string>>> list_services();
  /// Fetches the file that defines `symbol` and all that it imports. NOT_FOUND from the peer when
  /// it knows no such symbol.
  Task<Status> load_symbol(std::string symbol);
  /// As load_symbol(), by name of the file.
  Task<Status> load_file(std::string name);

  /// Says that a service is left out, and why.
  void leave_out(const std::string& service, const Status& why) {
    files_.leave_out(service, why.to_string());
  }

  /// Half-closes the stream and waits, for a second at most, for its end: a server sees a call that
  /// has ended well, and not one that was cancelled. To be called when all is asked.
  Task<> close();

  /// As ReflectedFiles::schema().
  Result<Schema> schema(std::vector<std::string> services) const {
    return files_.schema(std::move(services));
  }

 private:
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
  using Stream = ClientReaderWriter<Request, Response>;

  /// Ends the stream when the time for all answers is over.
  struct Alarm : net::Timer {
    explicit Alarm(ReflectionSource& owner) noexcept : Timer(&Alarm::ring), source(owner) {}
    static void ring(net::Timer& timer) noexcept;
    ReflectionSource& source;
  };

  Task<Result<Response>> ask(const Request& request);
  Task<Result<Response>> ask_once(const Request& request);
  Task<Status> load(const Request& request);
  Task<Status> load_imports();
  Status take_files(const Response& response);

  Service& service_;
  CallOptions options_;
  ReflectedFiles files_;
  std::size_t version_ = 0;
  std::optional<Context> context_;  // of the stream
  std::optional<Stream> stream_;
  Alarm alarm_{*this};
};

}  // namespace weft::cli
