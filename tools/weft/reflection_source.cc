#include "tools/weft/reflection_source.h"

#include <array>
#include <memory>
#include <utility>

#include <google/protobuf/descriptor_database.h>

#include "weft/base/printable.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

// The messages of the two versions are the same but for their package, which is not on the wire.
constexpr std::array<MethodDescriptor, 2> kVersions = {
    {{.name = "ServerReflectionInfo",
      .path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      .kind = MethodKind::BidiStreaming},
     {.name = "ServerReflectionInfo",
      .path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
      .kind = MethodKind::BidiStreaming}}};

// A server that invents an import for every file it is asked for must come to an end.
constexpr std::size_t kMaxFiles = 10'000;

Status no_reflection(const Status& status) {
  return Status(status.code(),
                "the server has no reflection (neither grpc.reflection.v1 nor v1alpha); give its "
                ".proto files with --proto",
                status.origin());
}

class Errors final : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*,
                ErrorLocation, const std::string& message) override {
    text_ += "\n  " + printable(file + ": " + element + ": " + message);
  }
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

struct Reflected {
  Reflected() : pool(&database, &errors) {}
  Errors errors;
  pb::SimpleDescriptorDatabase database;
  pb::DescriptorPool pool;
};

}  // namespace

Task<Result<ReflectionSource::Response>> ReflectionSource::ask_once(const Request& request) {
  if (!stream_) {
    Context* context = co_await current_context();
    stream_.emplace(
        rpc::StreamingCall::start(context, service_, kVersions[version_], nullptr, options_));
  }
  const bool written = co_await stream_->write(request);
  Response response;
  if (written) {
    const bool read = co_await stream_->read(response);
    if (read) co_return response;
  }
  Status status = co_await stream_->finish();
  stream_.reset();
  if (status.ok()) {
    status = Status(StatusCode::Internal, "reflection: the server ended the stream unasked",
                    Origin::Peer);
  }
  co_return status;
}

Task<Result<ReflectionSource::Response>> ReflectionSource::ask(const Request& request) {
  while (true) {
    Result<Response> response = co_await ask_once(request);
    if (response.ok() && response->has_error_response()) {
      const auto& error = response->error_response();
      const bool known = error.error_code() > 0 && error.error_code() <= 16;
      co_return Status(known ? static_cast<StatusCode>(error.error_code()) : StatusCode::Unknown,
                       error.error_message(), Origin::Peer);
    }
    const bool lacking =
        !response.ok() && response.status().code() == StatusCode::Unimplemented && files_.empty();
    if (!lacking) co_return response;
    if (version_ + 1 == kVersions.size()) co_return no_reflection(response.status());
    ++version_;
  }
}

Task<Result<std::vector<std::string>>> ReflectionSource::list_services() {
  Request request;
  request.set_list_services("*");
  const Result<Response> response = co_await ask(request);
  if (!response.ok()) co_return response.status();
  std::vector<std::string> names;
  for (const auto& service : response->list_services_response().service()) {
    names.push_back(service.name());
  }
  co_return names;
}

Task<Status> ReflectionSource::load_symbol(std::string symbol) {
  Request request;
  request.set_file_containing_symbol(std::move(symbol));
  co_return co_await load(request);
}

Task<Status> ReflectionSource::load_file(std::string name) {
  Request request;
  request.set_file_by_filename(std::move(name));
  co_return co_await load(request);
}

Task<Status> ReflectionSource::load(const Request& request) {
  const Result<Response> response = co_await ask(request);
  if (!response.ok()) co_return response.status();
  Status status = take_files(*response);
  if (!status.ok()) co_return status;
  co_return co_await load_imports();
}

Task<Status> ReflectionSource::load_imports() {
  // Most servers send imports along; some send one file at a time.
  for (std::string name = missing_import(); !name.empty(); name = missing_import()) {
    Request request;
    request.set_file_by_filename(name);
    const Result<Response> response = co_await ask(request);
    Status status = response.ok() ? take_files(*response) : response.status();
    if (files_.contains(name)) continue;
    // Protobuf's own files are the same everywhere, and some servers leave them out.
    const pb::FileDescriptor* own = pb::DescriptorPool::generated_pool()->FindFileByName(name);
    if (own == nullptr) {
      if (status.ok()) status = not_found("it was not among the files the server sent");
      co_return status.with_prefix("reflection: import of '" + printable(name) + "'");
    }
    own->CopyTo(&files_[name]);
  }
  co_return ok_status();
}

Status ReflectionSource::take_files(const Response& response) {
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    pb::FileDescriptorProto file;
    if (!file.ParseFromString(bytes)) {
      return internal_error("reflection: " + std::to_string(bytes.size()) +
                            " bytes from the server are not a FileDescriptorProto");
    }
    if (files_.size() >= kMaxFiles) {
      return resource_exhausted("reflection: the server's types need more than " +
                                std::to_string(kMaxFiles) + " files");
    }
    std::string name = file.name();
    files_[std::move(name)] = std::move(file);
  }
  return {};
}

std::string ReflectionSource::missing_import() const {
  for (const auto& [name, file] : files_) {
    for (const std::string& import : file.dependency()) {
      if (!files_.contains(import)) return import;
    }
  }
  return {};
}

Result<Schema> ReflectionSource::schema(std::vector<std::string> services) const {
  auto reflected = std::make_shared<Reflected>();
  std::vector<std::string> names;
  for (const auto& [name, file] : files_) {
    // Parts that are not UTF-8, and the like, are reported by the pool below.
    reflected->database.Add(file);
    names.push_back(name);
  }
  for (const auto& [name, file] : files_) {
    if (reflected->pool.FindFileByName(name) != nullptr) continue;
    return failed_precondition("reflection: the server's files do not fit together" +
                               reflected->errors.text());
  }
  const pb::DescriptorPool* pool = &reflected->pool;
  return Schema({std::move(reflected), pool}, std::move(services), std::move(names));
}

}  // namespace weft::cli
