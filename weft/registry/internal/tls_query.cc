#include "weft/registry/internal/tls_query.h"

namespace weft::registry {

Status read_switch(std::string_view name, std::string_view text, bool& into) {
  into = text == "true" || text == "1";
  if (into || text == "false" || text == "0") return ok_status();
  return invalid_argument(std::string(name) + " '" + std::string(text) +
                          "' is neither true nor false");
}

Result<bool> read_tls_option(const std::string& name, const std::string& value,
                             std::optional<net::TlsClientOptions>& into) {
  if (name == "tls") {
    bool on = false;
    Status status = read_switch(name, value, on);
    if (!status.ok()) return status;
    if (on && !into) into.emplace();
    return true;
  }
  if (name != "ca" && name != "cert" && name != "key" && name != "server_name") return false;
  if (!into) into.emplace();
  if (name == "ca") into->ca = value;
  if (name == "cert") into->certificate = value;
  if (name == "key") into->key = value;
  if (name == "server_name") into->server_name = value;
  return true;
}

Status check_tls(const std::optional<net::TlsClientOptions>& tls) {
  if (!tls) return ok_status();
  if (tls->certificate.empty() && !tls->key.empty()) {
    return invalid_argument("key '" + tls->key + "' comes without a cert");
  }
  return net::TlsClientContext::create(*tls).status();
}

}  // namespace weft::registry
