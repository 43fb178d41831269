#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include <unistd.h>

#include "weft/telemetry/otlp/container_id.h"
#include "weft/telemetry/otlp/environment.h"
#include "weft/telemetry/trace/span_setters.h"
#include "weft/version.h"

namespace weft::telemetry {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string program_name() {
  std::array<char, 4096> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return "";
  const std::string_view whole(path.data(), static_cast<std::size_t>(size));
  return std::string(whole.substr(whole.rfind('/') + 1));
}

/// The namespace of the pod's account, which Kubernetes puts into each container.
std::string kubernetes_namespace() {
  std::ifstream in("/var/run/secrets/kubernetes.io/serviceaccount/namespace");
  std::string name;
  std::getline(in, name);
  return name.substr(0, 253);  // the longest name that Kubernetes allows
}

}  // namespace

void put_attribute(std::vector<Attribute>& resource, Attribute one) {
  const auto known = std::ranges::find(resource, one.key, &Attribute::key);
  if (known == resource.end()) {
    resource.push_back(std::move(one));
  } else {
    known->value = std::move(one.value);
  }
}

std::vector<Attribute> detect_resource(std::string_view service) {
  const std::string program = program_name();
  const std::string host = host_name();
  std::vector<Attribute> all;
  all.push_back(attribute("service.name",
                          service.empty() ? "unknown_service:" + program : std::string(service)));
  all.push_back(attribute("telemetry.sdk.name", "weft"));
  all.push_back(attribute("telemetry.sdk.language", "cpp"));
  all.push_back(attribute("telemetry.sdk.version", kVersion));
  all.push_back(attribute("process.pid", static_cast<std::int64_t>(::getpid())));
  if (!program.empty()) all.push_back(attribute("process.executable.name", program));
  if (!host.empty()) all.push_back(attribute("host.name", host));
  if (std::string id = container_id(); !id.empty()) {
    all.push_back(attribute("container.id", id));
  }
  if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) {
    all.push_back(attribute("k8s.pod.name", host));
    if (std::string name = kubernetes_namespace(); !name.empty()) {
      all.push_back(attribute("k8s.namespace.name", name));
    }
  }
  return all;
}

}  // namespace weft::telemetry
