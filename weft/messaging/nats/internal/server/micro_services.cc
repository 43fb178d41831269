#include "weft/messaging/nats/internal/server/micro_services.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "weft/base/text/json_text.h"
#include "weft/base/text/utc_text.h"
#include "weft/messaging/nats/internal/client/inbox.h"
#include "weft/version.h"

namespace weft::nats {
namespace {

constexpr std::array<std::string_view, 3> kVerbs = {"PING", "INFO", "STATS"};
constexpr std::array<std::string_view, 3> kTypes = {"io.nats.micro.v1.ping_response",
                                                    "io.nats.micro.v1.info_response",
                                                    "io.nats.micro.v1.stats_response"};

std::string now_text() {
  const auto now = std::chrono::system_clock::now();
  return utc_text(std::chrono::time_point_cast<std::chrono::microseconds>(now));
}

/// "store_Orders": names there have no dots.
std::string name_of(const ServiceDescriptor& service) {
  std::string name(service.name);
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

/// Takes a word from the front.
std::string_view take_word(std::string_view& subject) noexcept {
  const std::string_view word = subject.substr(0, subject.find('.'));
  subject.remove_prefix(std::min(subject.size(), word.size() + 1));
  return word;
}

void append_text(std::string& json, std::string_view name, std::string_view value) {
  json.append(json.back() == '{' ? "\"" : ",\"").append(name).append("\":");
  append_json_string(json, value);
}

void append_number(std::string& json, std::string_view name, std::int64_t value) {
  json.append(",\"").append(name).append("\":").append(std::to_string(value));
}

std::int64_t nanoseconds(Duration duration) noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

}  // namespace

MicroServices::MicroServices(net::Loop& loop, const Setup& setup,
                             std::span<const ServiceDescriptor* const> services)
    : setup_(setup), services_(services), id_(hex_of(make_token(loop))), started_(now_text()) {}

std::vector<std::string> MicroServices::subjects() const {
  std::vector<std::string> all;
  for (const std::string_view verb : kVerbs) {
    const std::string base = "$SRV." + std::string(verb);
    all.push_back(base);
    for (const ServiceDescriptor* service : services_) {
      all.push_back(base + "." + name_of(*service));
      all.push_back(all.back() + "." + id_);
    }
  }
  return all;
}

std::vector<std::string> MicroServices::answers(std::string_view subject) const {
  std::vector<std::string> all;
  take_word(subject);
  const auto* const verb = std::find(kVerbs.begin(), kVerbs.end(), take_word(subject));
  if (verb == kVerbs.end()) return all;
  const std::string_view name = take_word(subject);
  const std::string_view id = take_word(subject);
  if (!id.empty() && id != id_) return all;
  for (const ServiceDescriptor* service : services_) {
    if (!name.empty() && name != name_of(*service)) continue;
    all.push_back(answer(*service, static_cast<Verb>(verb - kVerbs.begin())));
  }
  return all;
}

std::string MicroServices::answer(const ServiceDescriptor& service, Verb verb) const {
  std::string json = "{";
  append_text(json, "name", name_of(service));
  append_text(json, "id", id_);
  append_text(json, "version", kVersion);
  json.append(",\"metadata\":{}");
  append_text(json, "type", kTypes[static_cast<std::size_t>(verb)]);
  if (verb == Verb::Ping) return json.append("}");
  if (verb == Verb::Info) append_text(json, "description", service.name);
  if (verb == Verb::Stats) append_text(json, "started", started_);
  json.append(",\"endpoints\":[");
  for (const MethodDescriptor& method : service.methods) {
    if (&method != service.methods.data()) json.append(",");
    append_endpoint(json, service, method, verb);
  }
  return json.append("]}");
}

void MicroServices::append_endpoint(std::string& json, const ServiceDescriptor& service,
                                    const MethodDescriptor& method, Verb verb) const {
  json.append("{");
  append_text(json, "name", method.name);
  std::string subject = setup_.to.prefix;
  subject.append(".").append(service.name).append(".").append(method.name);
  append_text(json, "subject", subject);
  append_text(json, "queue_group", setup_.options.queue_group);
  if (verb == Verb::Info) {
    json.append(",\"metadata\":{}}");
    return;
  }
  const auto found = stats_.find(&method);
  const Stats stats = found == stats_.end() ? Stats() : found->second;
  append_number(json, "num_requests", static_cast<std::int64_t>(stats.requests));
  append_number(json, "num_errors", static_cast<std::int64_t>(stats.errors));
  append_text(json, "last_error", stats.last_error);
  append_number(json, "processing_time", nanoseconds(stats.took));
  const auto requests = static_cast<std::int64_t>(std::max<std::uint64_t>(stats.requests, 1));
  append_number(json, "average_processing_time", nanoseconds(stats.took) / requests);
  json.append("}");
}

void MicroServices::count(const MethodDescriptor& method, Duration took, const Status& status) {
  Stats& stats = stats_[&method];
  ++stats.requests;
  stats.took += took;
  if (status.ok()) return;
  ++stats.errors;
  stats.last_error = weft::name_of(status.code());
}

}  // namespace weft::nats
