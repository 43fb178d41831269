#include "weft/rpc/reflection.h"

#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "grpc/reflection/v1/reflection.weft.h"
#include "grpc/reflection/v1alpha/reflection.weft.h"

namespace weft {
namespace {

namespace pb = google::protobuf;

/// What reflection can tell: the names of the services, and the descriptors they come from. Not
/// changed once it is made; descriptor pools are safe to read from any thread.
class DescriptorIndex {
 public:
  explicit DescriptorIndex(const std::vector<const ServiceDescriptor*>& services) {
    // Everything that is linked in, so that the contents of an Any or an extension can be shown.
    pools_.push_back(pb::DescriptorPool::generated_pool());
    for (const ServiceDescriptor* service : services) {
      names_.insert(std::string(service->name));
      if (service->file == nullptr) continue;
      const pb::DescriptorPool* pool = service->file()->pool();
      if (std::find(pools_.begin(), pools_.end(), pool) == pools_.end()) pools_.push_back(pool);
    }
  }

  const std::set<std::string>& services() const noexcept { return names_; }

  Result<const pb::FileDescriptor*> file(const std::string& name) const {
    for (const pb::DescriptorPool* pool : pools_) {
      if (const pb::FileDescriptor* found = pool->FindFileByName(name)) return found;
    }
    return not_found("reflection: no file '" + name + "' is known to this server");
  }

  Result<const pb::FileDescriptor*> file_of_symbol(const std::string& symbol) const {
    for (const pb::DescriptorPool* pool : pools_) {
      if (const pb::FileDescriptor* found = pool->FindFileContainingSymbol(symbol)) return found;
    }
    return not_found("reflection: no symbol '" + symbol + "' is known to this server");
  }

  Result<const pb::FileDescriptor*> file_of_extension(const std::string& type, int number) const {
    for (const pb::DescriptorPool* pool : pools_) {
      const pb::Descriptor* message = pool->FindMessageTypeByName(type);
      if (message == nullptr) continue;
      if (const auto* found = pool->FindExtensionByNumber(message, number)) return found->file();
    }
    return not_found("reflection: no extension " + std::to_string(number) + " of '" + type +
                     "' is known to this server");
  }

  Result<std::set<int>> extension_numbers(const std::string& type) const {
    std::set<int> numbers;
    bool known = false;
    for (const pb::DescriptorPool* pool : pools_) {
      const pb::Descriptor* message = pool->FindMessageTypeByName(type);
      if (message == nullptr) continue;
      known = true;
      std::vector<const pb::FieldDescriptor*> extensions;
      pool->FindAllExtensions(message, &extensions);
      for (const pb::FieldDescriptor* extension : extensions) numbers.insert(extension->number());
    }
    if (known) return numbers;
    return not_found("reflection: no message type '" + type + "' is known to this server");
  }

 private:
  std::vector<const pb::DescriptorPool*> pools_;
  std::set<std::string> names_;
};

/// The files that went out on one stream.
using SentFiles = std::unordered_set<const pb::FileDescriptor*>;

template <class Response>
void put_error(const Status& status, Response& response) {
  auto& error = *response.mutable_error_response();
  error.set_error_code(static_cast<int>(status.code()));
  error.set_error_message(std::string(status.message()));
}

/// The file, always, and what it depends on as far as it has not been sent.
template <class Response>
void put_files(const Result<const pb::FileDescriptor*>& file, SentFiles& sent, Response& response) {
  if (!file.ok()) return put_error(file.status(), response);
  auto& files = *response.mutable_file_descriptor_response();
  std::deque<const pb::FileDescriptor*> due{*file};
  sent.insert(*file);
  for (; !due.empty(); due.pop_front()) {
    pb::FileDescriptorProto proto;
    due.front()->CopyTo(&proto);
    proto.SerializeToString(files.add_file_descriptor_proto());
    for (int i = 0; i < due.front()->dependency_count(); ++i) {
      const pb::FileDescriptor* dependency = due.front()->dependency(i);
      if (sent.insert(dependency).second) due.push_back(dependency);
    }
  }
}

template <class Response>
void put_extension_numbers(const DescriptorIndex& index, const std::string& type,
                           Response& response) {
  const Result<std::set<int>> numbers = index.extension_numbers(type);
  if (!numbers.ok()) return put_error(numbers.status(), response);
  auto& answer = *response.mutable_all_extension_numbers_response();
  answer.set_base_type_name(type);
  for (const int number : *numbers) answer.add_extension_number(number);
}

template <class Request, class Response>
Response answer(const DescriptorIndex& index, const Request& request, SentFiles& sent) {
  Response response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      put_files(index.file(request.file_by_filename()), sent, response);
      break;
    case Request::kFileContainingSymbol:
      put_files(index.file_of_symbol(request.file_containing_symbol()), sent, response);
      break;
    case Request::kFileContainingExtension: {
      const auto& extension = request.file_containing_extension();
      put_files(index.file_of_extension(extension.containing_type(), extension.extension_number()),
                sent, response);
      break;
    }
    case Request::kAllExtensionNumbersOfType:
      put_extension_numbers(index, request.all_extension_numbers_of_type(), response);
      break;
    case Request::kListServices: {
      auto& list = *response.mutable_list_services_response();
      for (const std::string& name : index.services()) list.add_service()->set_name(name);
      break;
    }
    default:
      put_error(invalid_argument("reflection: the request asks for nothing this server knows"),
                response);
  }
  return response;
}

/// The two versions of the protocol differ in their package only.
template <class Base, class Request, class Response>
class ReflectionService final : public Base {
 public:
  explicit ReflectionService(std::shared_ptr<const DescriptorIndex> index)
      : index_(std::move(index)) {}

  Task<Status> ServerReflectionInfo(ServerContext&, Reader<Request>& reader,
                                    Writer<Response>& writer) override {
    SentFiles sent;
    Request request;
    while (co_await reader.read(request)) {
      const Response response = answer<Request, Response>(*index_, request, sent);
      if (!co_await writer.write(response)) co_return writer.status();
    }
    co_return reader.status();
  }

 private:
  std::shared_ptr<const DescriptorIndex> index_;
};

namespace v1 = grpc::reflection::v1;
namespace v1alpha = grpc::reflection::v1alpha;
using ReflectionV1 = ReflectionService<v1::ServerReflectionService, v1::ServerReflectionRequest,
                                       v1::ServerReflectionResponse>;
using ReflectionV1Alpha =
    ReflectionService<v1alpha::ServerReflectionService, v1alpha::ServerReflectionRequest,
                      v1alpha::ServerReflectionResponse>;

}  // namespace

std::vector<std::shared_ptr<ServiceDefinition>> make_reflection_services(
    std::vector<const ServiceDescriptor*> services) {
  // Descriptors are static data; it takes objects to ask for those of the two versions.
  services.push_back(&ReflectionV1(nullptr).descriptor());
  services.push_back(&ReflectionV1Alpha(nullptr).descriptor());
  const auto index = std::make_shared<const DescriptorIndex>(services);
  return {std::make_shared<ReflectionV1>(index), std::make_shared<ReflectionV1Alpha>(index)};
}

}  // namespace weft
