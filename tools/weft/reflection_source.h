#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.pb.h>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/rpc/call_options.h"
#include "weft/rpc/client_stream.h"

#include "grpc/reflection/v1/reflection.pb.h"
#include "tools/weft/schema.h"

namespace weft::cli {

/// Asks a server for its types by grpc.reflection.v1, or v1alpha where it has only that, and
/// gathers the files it gets. Belongs to the loop it is used on; one question at a time.
class ReflectionSource {
 public:
  /// What `options` points to, and `service`, must outlive this.
  ReflectionSource(Service& service, const CallOptions& options)
      : service_(service), options_(options) {}

  /// Full names, in the server's order.
  Task<Result<std::vector<std::string>>> list_services();
  /// Fetches the file that defines `symbol` and all that it imports. NOT_FOUND from the peer when
  /// it knows no such symbol.
  Task<Status> load_symbol(std::string symbol);
  /// As load_symbol(), by name of the file.
  Task<Status> load_file(std::string name);

  /// The types of the files that were fetched; FAILED_PRECONDITION with protobuf's messages when
  /// they do not fit together. `services`: what Schema::services() is to be.
  Result<Schema> schema(std::vector<std::string> services) const;

 private:
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
  using Stream = ClientReaderWriter<Request, Response>;

  Task<Result<Response>> ask(const Request& request);
  Task<Result<Response>> ask_once(const Request& request);
  Task<Status> load(const Request& request);
  Task<Status> load_imports();
  Status take_files(const Response& response);
  std::string missing_import() const;

  Service& service_;
  CallOptions options_;
  std::optional<Stream> stream_;
  std::size_t version_ = 0;
  std::map<std::string, google::protobuf::FileDescriptorProto> files_;
};

}  // namespace weft::cli
