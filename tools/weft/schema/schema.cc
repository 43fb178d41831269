#include "tools/weft/schema/schema.h"

#include <utility>

#include <google/protobuf/descriptor.pb.h>

#include "tools/weft/schema/near_names.h"
#include "tools/weft/schema/source/foreign_descriptors.h"

namespace weft::cli {

namespace pb = google::protobuf;

MethodKind Method::kind() const noexcept {
  if (descriptor->client_streaming()) {
    return descriptor->server_streaming() ? MethodKind::BidiStreaming : MethodKind::ClientStreaming;
  }
  return descriptor->server_streaming() ? MethodKind::ServerStreaming : MethodKind::Unary;
}

weft::MethodDescriptor Method::call_descriptor() const noexcept {
  return {.name = descriptor->name(),
          .path = path,
          .kind = kind(),
          .idempotent =
              descriptor->options().idempotency_level() != pb::MethodOptions::IDEMPOTENCY_UNKNOWN,
          .no_side_effects =
              descriptor->options().idempotency_level() == pb::MethodOptions::NO_SIDE_EFFECTS,
          .deprecated = descriptor->options().deprecated()};
}

namespace {

void add_symbols(const pb::Descriptor& message, std::vector<std::string>& symbols) {
  if (message.options().map_entry()) return;
  symbols.push_back(message.full_name());
  for (int i = 0; i < message.enum_type_count(); ++i) {
    symbols.push_back(message.enum_type(i)->full_name());
  }
  for (int i = 0; i < message.nested_type_count(); ++i) {
    add_symbols(*message.nested_type(i), symbols);
  }
}

}  // namespace

Schema::Schema(std::shared_ptr<const pb::DescriptorPool> pool, std::vector<std::string> services,
               std::vector<std::string> files, LeftOut left_out)
    : pool_(std::move(pool)),
      services_(std::move(services)),
      files_(std::move(files)),
      tables_(std::make_unique<const codec::Tables>(pool_, &has_presence)),
      left_out_(std::move(left_out)) {}

Status Schema::usable(std::string_view name) const {
  const auto reason = left_out_.reasons.find(name);
  if (reason == left_out_.reasons.end()) return {};
  return failed_precondition("the server's '" + std::string(name) +
                             "' cannot be used: " + reason->second);
}

std::vector<std::string> Schema::symbols() const {
  std::vector<std::string> symbols;
  for (const std::string& name : files_) {
    const pb::FileDescriptor* file = pool_->FindFileByName(name);
    if (file == nullptr) continue;
    for (int i = 0; i < file->service_count(); ++i) {
      symbols.push_back(file->service(i)->full_name());
    }
    for (int i = 0; i < file->enum_type_count(); ++i) {
      symbols.push_back(file->enum_type(i)->full_name());
    }
    for (int i = 0; i < file->message_type_count(); ++i) {
      add_symbols(*file->message_type(i), symbols);
    }
  }
  return symbols;
}

Result<const pb::ServiceDescriptor*> Schema::service(const std::string& name) const {
  const pb::ServiceDescriptor* found = pool_->FindServiceByName(name);
  if (found != nullptr) return found;
  Status left_out = usable(name);
  if (!left_out.ok()) return left_out;
  return invalid_argument("there is no service '" + name + "'" + did_you_mean(name, services_));
}

Result<Method> Schema::method(const std::string& service_name,
                              const std::string& method_name) const {
  const Result<const pb::ServiceDescriptor*> found = service(service_name);
  if (!found.ok()) {
    const std::string whole = service_name + "." + method_name;
    const bool is_service = pool_->FindServiceByName(whole) != nullptr;
    if (!is_service) return found.status();
    return invalid_argument("'" + whole + "' is a service; name a method of it too: " + whole +
                            "/" + pool_->FindServiceByName(whole)->method(0)->name());
  }
  const pb::ServiceDescriptor& service = **found;
  if (const pb::MethodDescriptor* method = service.FindMethodByName(method_name)) {
    return Method{.descriptor = method, .path = "/" + service_name + "/" + method_name};
  }
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(service.method_count()));
  for (int i = 0; i < service.method_count(); ++i) names.push_back(service.method(i)->name());
  return invalid_argument("the service '" + service_name + "' has no method '" + method_name + "'" +
                          did_you_mean(method_name, names));
}

Result<MethodName> parse_method_name(std::string_view text) {
  std::string_view name = text;
  if (name.starts_with('/')) name.remove_prefix(1);
  std::size_t cut = name.find('/');
  if (cut == std::string_view::npos) cut = name.rfind('.');
  if (cut == std::string_view::npos || cut == 0 || cut + 1 == name.size() ||
      name.find('/', cut + 1) != std::string_view::npos) {
    return invalid_argument("METHOD: '" + std::string(text) +
                            "' is not a method; expected package.Service/Method");
  }
  return MethodName{.service = std::string(name.substr(0, cut)),
                    .method = std::string(name.substr(cut + 1))};
}

}  // namespace weft::cli
