#include "weft/middleware/config/internal/method_names.h"

#include <google/protobuf/descriptor.h>

#include "weft/base/log.h"
#include "weft/base/text/text_cut.h"

namespace weft::middleware {

std::string doubt_about(std::string_view service, std::string_view method) {
  // gRPC's own, health and reflection, are served without being known by name here.
  if (service.empty() || service.starts_with("grpc.")) return {};
  const google::protobuf::ServiceDescriptor* const found =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(std::string(service));
  if (found == nullptr) {
    return "no service of this program is called '" + cut_text(service) + "'";
  }
  if (method.empty() || found->FindMethodByName(std::string(method)) != nullptr) return {};
  std::string text(service);
  text.append(" has no method '").append(cut_text(method)).append("'; it has");
  for (int i = 0; i < found->method_count(); ++i) text.append(" ").append(found->method(i)->name());
  return text;
}

void warn_of_doubt(std::string_view config, std::string_view service, std::string_view method) {
  const std::string doubt = doubt_about(service, method);
  if (doubt.empty()) return;
  log(LogLevel::Warn, std::string(config).append(": ").append(doubt).append("; is it misspelt?"));
}

}  // namespace weft::middleware
