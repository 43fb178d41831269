#include "weft/messaging/nats/internal/link/broker_info.h"

#include <nlohmann/json.hpp>

#include "weft/base/log/log_value.h"
#include "weft/base/text/json_text.h"
#include "weft/version.h"

namespace weft::nats {
namespace {

using Json = nlohmann::json;

// INFO is an object with lists; what is deeper is none.
constexpr int kDeepest = 8;

Json parse(std::string_view text) {
  bool too_deep = false;
  const auto look = [&](int depth, Json::parse_event_t, const Json&) {
    too_deep = too_deep || depth > kDeepest;
    return !too_deep;
  };
  Json json = Json::parse(text, look, false);
  return too_deep ? Json() : json;
}

bool flag(const Json& info, const char* name) {
  const auto found = info.find(name);
  return found != info.end() && found->is_boolean() && found->get<bool>();
}

Status malformed(std::string_view what, std::string_view json) {
  return Status(StatusCode::Internal,
                "the broker's INFO " + std::string(what) + ": " + log_value(json),
                Origin::Transport);
}

void add_text(std::string& line, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  line.append(",\"").append(name).append("\":");
  append_json_string(line, value);
}

}  // namespace

Result<BrokerInfo> parse_info(std::string_view json) {
  const Json info = parse(json);
  if (!info.is_object()) return malformed("is no JSON object", json);
  BrokerInfo read;
  if (const auto found = info.find("max_payload"); found != info.end()) {
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() == 0) {
      return malformed("has a max_payload that is no size", json);
    }
    read.max_payload = found->get<std::uint64_t>();
  }
  read.headers = flag(info, "headers");
  read.tls_required = flag(info, "tls_required");
  read.tls_available = flag(info, "tls_available");
  read.lame_duck = flag(info, "ldm");
  return read;
}

std::string connect_line(const Setup& setup) {
  std::string line =
      R"(CONNECT {"verbose":false,"pedantic":false,"lang":"c++","protocol":1,"echo":true,)"
      R"("headers":true,"no_responders":true,"tls_required":)";
  line.append(setup.to.tls ? "true" : "false");
  add_text(line, "version", kVersion);
  add_text(line, "name", setup.options.name);
  add_text(line, "user", setup.to.user);
  add_text(line, "pass", setup.to.password);
  add_text(line, "auth_token", setup.to.token);
  return line.append("}\r\n");
}

}  // namespace weft::nats
