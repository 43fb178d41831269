#include "weft/rpc/services/reflection.h"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/coded_stream.h>

#include "weft/base/text/text_cut.h"

#include "weft_wire/grpc/reflection/v1/reflection.weft.h"
#include "weft_wire/grpc/reflection/v1alpha/reflection.weft.h"

namespace weft {
namespace {

namespace pb = google::protobuf;

// The name of a file or a symbol, and a host, which the answer repeats; a path has 4096 bytes at
// most, and no generated name comes near.
constexpr std::size_t kMaxRequest = 4096;
// Protobuf looks an unknown symbol up once for each of its parts, so that a long name of many dots
// takes it milliseconds.
constexpr std::size_t kMaxSymbol = 512;

/// Descriptors as bytes. Each is made once: that takes many times as long as to copy it. Safe from
/// any thread; what it gives out stays as long as the program, as descriptors do.
class EncodedFiles {
 public:
  const std::string& of(const pb::FileDescriptor& file) const {
    const std::lock_guard lock(mutex_);
    const auto [found, fresh] = files_.try_emplace(&file);
    if (fresh) {
      pb::FileDescriptorProto proto;
      file.CopyTo(&proto);
      proto.SerializeToString(&found->second);
    }
    return found->second;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::unordered_map<const pb::FileDescriptor*, std::string> files_;
};

/// What reflection can tell: the names of the services, and the descriptors they come from. Not
/// changed once it is made; descriptor pools are safe to read from any thread.
class DescriptorIndex {
 public:
  explicit DescriptorIndex(const std::vector<const ServiceDescriptor*>& services) {
    for (const ServiceDescriptor* service : services) {
      names_.insert(std::string(service->name));
      const pb::FileDescriptor* file = service->file == nullptr ? nullptr : service->file();
      if (file != nullptr) add(*file->pool());
    }
    // Everything that is linked in, so that the contents of an Any or an extension can be shown.
    // Not first: a program may have code of its own for another version of what weft serves.
    add(*pb::DescriptorPool::generated_pool());
  }

  const std::set<std::string>& services() const noexcept { return names_; }

  Result<const pb::FileDescriptor*> file(const std::string& name) const {
    for (const pb::DescriptorPool* pool : pools_) {
      if (const pb::FileDescriptor* found = pool->FindFileByName(name)) return found;
    }
    return not_found("reflection: no file '" + cut_text(name) + "' is known to this server");
  }

  Result<const pb::FileDescriptor*> file_of_symbol(const std::string& symbol) const {
    for (const pb::DescriptorPool* pool : pools_) {
      if (symbol.size() > kMaxSymbol) break;
      if (const pb::FileDescriptor* found = pool->FindFileContainingSymbol(symbol)) return found;
    }
    return not_found("reflection: no symbol '" + cut_text(symbol) + "' is known to this server");
  }

  Result<const pb::FileDescriptor*> file_of_extension(const std::string& type, int number) const {
    for (const pb::DescriptorPool* pool : pools_) {
      const pb::Descriptor* message = find_type(*pool, type);
      if (message == nullptr) continue;
      if (const auto* found = pool->FindExtensionByNumber(message, number)) return found->file();
    }
    return not_found("reflection: no extension " + std::to_string(number) + " of '" +
                     cut_text(type) + "' is known to this server");
  }

  Result<std::set<int>> extension_numbers(const std::string& type) const {
    std::set<int> numbers;
    bool known = false;
    for (const pb::DescriptorPool* pool : pools_) {
      const pb::Descriptor* message = find_type(*pool, type);
      if (message == nullptr) continue;
      known = true;
      std::vector<const pb::FieldDescriptor*> extensions;
      pool->FindAllExtensions(message, &extensions);
      for (const pb::FieldDescriptor* extension : extensions) numbers.insert(extension->number());
    }
    if (known) return numbers;
    return not_found("reflection: no message type '" + cut_text(type) +
                     "' is known to this server");
  }

  const std::string& encoded(const pb::FileDescriptor& file) const { return encoded_.of(file); }

 private:
  void add(const pb::DescriptorPool& pool) {
    if (std::find(pools_.begin(), pools_.end(), &pool) == pools_.end()) pools_.push_back(&pool);
  }
  static const pb::Descriptor* find_type(const pb::DescriptorPool& pool, const std::string& name) {
    return name.size() > kMaxSymbol ? nullptr : pool.FindMessageTypeByName(name);
  }

  std::vector<const pb::DescriptorPool*> pools_;
  std::set<std::string> names_;
  EncodedFiles encoded_;
};

/// The files that went out on one stream.
using SentFiles = std::unordered_set<const pb::FileDescriptor*>;

template <class Response>
void put_error(const Status& status, Response& response) {
  auto& error = *response.mutable_error_response();
  error.set_error_code(static_cast<int>(status.code()));
  error.set_error_message(std::string(status.message()));
}

/// An answer as the bytes of a ServerReflectionResponse. The files are not copied before they are
/// written to the connection: answers that wait for clients that read nothing would hold them.
class Answer {
 public:
  /// `response` has no files.
  template <class Response>
  Answer(const Response& response, std::vector<const std::string*> files)
      : response_(response.SerializeAsString()), files_(std::move(files)) {
    constexpr auto kFiles =
        static_cast<std::uint32_t>(Response::kFileDescriptorResponseFieldNumber);
    if (files_.empty()) return;
    for (const std::string* file : files_) files_size_ += 1 + size_of_bytes(*file);
    std::uint8_t head[2 * kLongestVarint];
    std::uint8_t* end = pb::io::CodedOutputStream::WriteVarint32ToArray(kFiles << 3U | 2U, head);
    end = pb::io::CodedOutputStream::WriteVarint32ToArray(files_size_, end);
    response_.append(reinterpret_cast<const char*>(head), static_cast<std::size_t>(end - head));
  }

  Message message() const {
    static constexpr MessageOps kOps = {.size = &Answer::size, .write = &Answer::write};
    return Message(this, kOps);
  }

 private:
  static constexpr std::size_t kLongestVarint = 5;
  // FileDescriptorResponse.file_descriptor_proto, of wire type 2.
  static constexpr char kFileTag = 1 << 3 | 2;

  static std::uint32_t size_of_bytes(const std::string& bytes) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    return static_cast<std::uint32_t>(pb::io::CodedOutputStream::VarintSize32(size)) + size;
  }
  static std::size_t size(const void* object) {
    const auto& self = *static_cast<const Answer*>(object);
    return self.response_.size() + self.files_size_;
  }
  static void write(const void* object, std::size_t, char* out) {
    const auto& self = *static_cast<const Answer*>(object);
    out = std::copy(self.response_.begin(), self.response_.end(), out);
    for (const std::string* file : self.files_) {
      *out++ = kFileTag;
      out = reinterpret_cast<char*>(pb::io::CodedOutputStream::WriteVarint32ToArray(
          static_cast<std::uint32_t>(file->size()), reinterpret_cast<std::uint8_t*>(out)));
      out = std::copy(file->begin(), file->end(), out);
    }
  }

  std::string response_;  // and the head of the files
  std::vector<const std::string*> files_;
  std::uint32_t files_size_ = 0;
};

using Files = std::vector<const std::string*>;

/// The file, always, and what it depends on as far as it has not been sent.
template <class Response>
Files put_files(const DescriptorIndex& index, const Result<const pb::FileDescriptor*>& file,
                SentFiles& sent, Response& response) {
  if (!file.ok()) {
    put_error(file.status(), response);
    return {};
  }
  std::vector<const pb::FileDescriptor*> due{*file};
  sent.insert(*file);
  Files files;
  for (std::size_t next = 0; next < due.size(); ++next) {
    const pb::FileDescriptor& one = *due[next];
    files.push_back(&index.encoded(one));
    for (int i = 0; i < one.dependency_count(); ++i) {
      if (sent.insert(one.dependency(i)).second) due.push_back(one.dependency(i));
    }
  }
  return files;
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
Answer answer(const DescriptorIndex& index, const Request& request, SentFiles& sent) {
  Response response;
  Files files;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      files = put_files(index, index.file(request.file_by_filename()), sent, response);
      break;
    case Request::kFileContainingSymbol:
      files =
          put_files(index, index.file_of_symbol(request.file_containing_symbol()), sent, response);
      break;
    case Request::kFileContainingExtension: {
      const auto& extension = request.file_containing_extension();
      const auto file =
          index.file_of_extension(extension.containing_type(), extension.extension_number());
      files = put_files(index, file, sent, response);
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
      put_error(invalid_argument("reflection: the request has no kind that this server knows"),
                response);
  }
  return Answer(response, std::move(files));
}

/// The two versions of the protocol differ in their package only.
template <class Base, class Request, class Response>
class ReflectionService final : public Base {
 public:
  explicit ReflectionService(std::shared_ptr<const DescriptorIndex> index)
      : index_(std::move(index)) {}
  bool vital() const noexcept override { return true; }

  Task<Status> ServerReflectionInfo(ServerContext& context, Reader<Request>& reader,
                                    Writer<Response>& writer) override {
    SentFiles sent;
    Request request;
    while (co_await reader.read(request)) {
      const Answer given = answer<Request, Response>(*index_, request, sent);
      const Message message = given.message();
      if (!co_await context.call().responses().write(message)) co_return writer.status();
    }
    co_return reader.status();
  }

  std::size_t max_request_size() const noexcept override { return kMaxRequest; }

 private:
  std::shared_ptr<const DescriptorIndex> index_;
};

namespace v1 = weft_wire::grpc::reflection::v1;
namespace v1alpha = weft_wire::grpc::reflection::v1alpha;
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
