#include "weft/edge/openapi/internal/document.h"

#include <map>
#include <string_view>

#include <google/protobuf/descriptor.h>

#include "weft/codec/schema/tables.h"
#include "weft/edge/openapi/internal/operations.h"
#include "weft/edge/rest/internal/rest_rules.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::edge::api {
namespace {

namespace pb = google::protobuf;

constexpr std::string_view kStatus =
    R"({"type":"object","description":"Why a call failed","properties":{)"
    R"("code":{"type":"integer","format":"int32","description":"A google.rpc.Code"},)"
    R"("message":{"type":"string"},"details":{"type":"array","items":{"type":"object",)"
    R"("properties":{"@type":{"type":"string"}},"required":["@type"]}}}})";
constexpr std::string_view kConnectError =
    R"({"type":"object","description":"Why a call failed","properties":{)"
    R"("code":{"type":"string","description":"The name of a google.rpc.Code in lower case"},)"
    R"("message":{"type":"string"},"details":{"type":"array","items":{"type":"object",)"
    R"("properties":{"type":{"type":"string"},"value":{"type":"string"},"debug":{}},)"
    R"("required":["type","value"]}}},"required":["code"]})";

const pb::MethodDescriptor* descriptor_of(std::string_view path) {
  std::string name(path.substr(std::min<std::size_t>(path.size(), 1)));
  if (const std::size_t slash = name.find('/'); slash != std::string::npos) name[slash] = '.';
  return pb::DescriptorPool::generated_pool()->FindMethodByName(name);
}

/// The document, part by part.
class Builder {
 public:
  explicit Builder(const OpenApi& options)
      : options_(options),
        schemas_(options.json, comments_),
        operations_(options.json, comments_, schemas_) {}

  Result<std::string> build(const rpc::Dispatcher& dispatcher) {
    if (Status status = comments_.load(options_.descriptors); !status.ok()) return status;
    Result<rest::RestRules> rules = rest::RestRules::of(dispatcher, codec::Tables::generated());
    if (!rules.ok()) return rules.status();
    add_rules(*rules);
    if (options_.methods) add_methods(dispatcher);
    put_head();
    put_tags(dispatcher);
    out_.key("paths");
    operations_.put(out_);
    put_components();
    out_.close('}');
    if (out_.size() <= options_.max_size) return out_.view();
    return resource_exhausted("the document of OpenAPI has at least " +
                              std::to_string(out_.size()) + " bytes; the limit is " +
                              std::to_string(options_.max_size) + " (OpenApi::max_size)");
  }

 private:
  bool is_full() const { return operations_.size() > options_.max_size; }

  void add_rules(const rest::RestRules& rules) {
    std::map<std::string_view, int> seen;  // rules of each method
    for (const rest::BoundRule& rule : rules.all()) {
      const pb::MethodDescriptor* const method = descriptor_of(rule.route->method->path);
      if (method == nullptr || is_full()) continue;
      std::string id(method->full_name());
      const int before = seen[rule.route->method->path]++;
      if (before != 0) id += "." + std::to_string(before + 1);
      operations_.add(rule, *method, id);
    }
  }

  void add_methods(const rpc::Dispatcher& dispatcher) {
    for (const ServiceDescriptor* service : dispatcher.services()) {
      for (const MethodDescriptor& method : service->methods) {
        const pb::MethodDescriptor* const found = descriptor_of(method.path);
        if (found == nullptr || method.kind != MethodKind::Unary || is_full()) continue;
        operations_.add_plain(method.path, *found);
      }
    }
  }

  void put_head() {
    out_.open('{').member("openapi", "3.1.0").key("info").open('{');
    out_.member("title", options_.title).member("version", options_.version);
    out_.described(options_.description).close('}');
  }

  void put_tags(const rpc::Dispatcher& dispatcher) {
    out_.key("tags").open('[');
    for (const ServiceDescriptor* service : dispatcher.services()) {
      const auto* const found =
          pb::DescriptorPool::generated_pool()->FindServiceByName(std::string(service->name));
      if (found == nullptr) continue;
      out_.open('{').member("name", service->name).described(comments_.of(*found)).close('}');
    }
    out_.close(']');
  }

  void put_components() {
    out_.key("components").open('{').key("schemas").open('{');
    schemas_.put_components(out_, options_.max_size);
    if (!schemas_.has("google.rpc.Status")) out_.key("google.rpc.Status").raw(kStatus);
    out_.key("connect.Error").raw(kConnectError).close('}').key("responses").open('{');
    put_response("Error", "google.rpc.Status");
    put_response("ConnectError", "connect.Error");
    out_.close('}').close('}');
  }

  void put_response(std::string_view name, std::string_view schema) {
    out_.key(name).open('{').member("description", "The call failed").key("content").open('{');
    out_.key("application/json").open('{').key("schema").ref("schemas", schema);
    out_.close('}').close('}').close('}');
  }

  const OpenApi& options_;
  Comments comments_;
  Schemas schemas_;
  Operations operations_;
  JsonText out_;
};

}  // namespace

Result<std::string> document_of(const rpc::Dispatcher& dispatcher, const OpenApi& options) {
  return Builder(options).build(dispatcher);
}

}  // namespace weft::edge::api
