#include "tools/weft/schema/source/reflection_source.h"

#include <array>
#include <utility>

#include "weft/base/text/printable.h"

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

// From the first answer on. A server that sends one file at a time over a slow line takes a few
// seconds for a large API.
constexpr Duration kTimeForAnswers = std::chrono::seconds(10);

constexpr Duration kTimeToEnd = std::chrono::seconds(1);

Status no_reflection(const Status& status) {
  return Status(status.code(),
                "the server has no reflection (neither grpc.reflection.v1 nor v1alpha); give its "
                ".proto files with --proto",
                status.origin());
}

}  // namespace

bool is_final(const Status& status) {
  // A limit of this process was met, of what comes or of the time it takes; or the connection
  // fails.
  return (status.origin() == Origin::Local && status.code() != StatusCode::Internal &&
          !status.ok()) ||
         status.origin() == Origin::Transport;
}

void ReflectionSource::Alarm::ring(net::Timer& timer) noexcept {
  ReflectionSource& source = static_cast<Alarm&>(timer).source;
  source.context_->cancel(
      Status(StatusCode::DeadlineExceeded,
             "reflection: the server's types have not come within " + to_string(kTimeForAnswers) +
                 ", the limit without --timeout; so far there are " + source.files_.counted()));
}

Task<Result<ReflectionSource::Response>> ReflectionSource::ask_once(const Request& request) {
  if (!context_) context_.emplace(co_await current_context());
  if (!stream_) {
    stream_.emplace(
        rpc::StreamingCall::start(&*context_, service_, kVersions[version_], nullptr, options_));
  }
  const bool written = co_await stream_->write(request);
  Response response;
  if (written) {
    const bool read = co_await stream_->read(response);
    if (read) {
      if (!alarm_.armed() && options_.timeout == kForever) {
        net::Loop& loop = *net::Loop::current();
        loop.arm(alarm_, after(loop.now(), kTimeForAnswers));
      }
      co_return response;
    }
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

Task<> ReflectionSource::close() {
  if (!stream_) co_return;
  net::Loop& loop = *net::Loop::current();
  alarm_.cancel();
  loop.arm(alarm_, after(loop.now(), kTimeToEnd));
  static_cast<void>(co_await stream_->finish());
  stream_.reset();
  alarm_.cancel();
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
  for (std::string name = files_.next_missing(); !name.empty(); name = files_.next_missing()) {
    Request request;
    request.set_file_by_filename(name);
    const Result<Response> response = co_await ask(request);
    Status status = response.ok() ? take_files(*response) : response.status();
    if (is_final(status)) co_return status;
    if (files_.contains(name)) continue;
    // Protobuf's own files are the same everywhere, and some servers leave them out.
    if (files_.take_own(name)) continue;
    if (status.ok()) status = not_found("it was not among the files the server sent");
    files_.give_up(name, "the server does not send this import: " + status.to_string());
  }
  co_return ok_status();
}

Status ReflectionSource::take_files(const Response& response) {
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    Status taken = files_.take(bytes);
    if (!taken.ok()) return taken;
  }
  return {};
}

}  // namespace weft::cli
