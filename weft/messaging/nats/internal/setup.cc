#include "weft/messaging/nats/internal/setup.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "weft/base/text/ascii.h"
#include "weft/messaging/nats/internal/subject.h"

namespace weft::nats {
namespace {

constexpr std::uint16_t kPort = 4222;
constexpr std::size_t kMostBrokers = 64;
// What headers take beside metadata: their names, a status message and its details.
constexpr std::size_t kRoomForHeaders = std::size_t{64} << 10;
// Brokers' max_payload is at most that.
constexpr std::size_t kLargestMessage = std::size_t{1} << 30;

Status bad(std::string_view what) {
  return invalid_argument(
      "the address of NATS " + std::string(what) +
      "; it is nats://[user[:password]@]host[:port][,host[:port]...]/prefix, or "
      "nats+tls:// for TLS");
}

/// "user:password"; "x" alone is a token.
bool take_credentials(std::string_view text, Destination& into) {
  const std::size_t colon = text.find(':');
  const std::optional<std::string> first = ascii::percent_decoded(text.substr(0, colon));
  if (!first) return false;
  if (colon == std::string_view::npos) {
    into.token = *first;
    return true;
  }
  const std::optional<std::string> password = ascii::percent_decoded(text.substr(colon + 1));
  if (!password) return false;
  into.user = *first;
  into.password = *password;
  return true;
}

/// Messages below these mean something to the broker or to other clients.
bool is_reserved(std::string_view prefix) noexcept {
  return prefix.starts_with('$') || prefix == "_INBOX" || prefix.starts_with("_INBOX.");
}

Status read_brokers(std::string_view list, std::vector<net::HostPort>& into) {
  while (true) {
    const std::size_t comma = list.find(',');
    Result<net::HostPort> broker = net::HostPort::parse(list.substr(0, comma), kPort);
    if (!broker.ok() || broker->host.empty()) return bad("has no host, or a port that is none");
    if (into.size() == kMostBrokers) {
      return bad("names more than " + std::to_string(kMostBrokers) + " servers");
    }
    into.push_back(*std::move(broker));
    if (comma == std::string_view::npos) return {};
    list.remove_prefix(comma + 1);
  }
}

Status check(const Options& options) {
  if (options.max_calls == 0) return invalid_argument("nats::Options::max_calls is 0");
  if (options.ping_interval <= Duration::zero()) {
    return invalid_argument("nats::Options::ping_interval is not more than 0");
  }
  // A queue group is one word of a line.
  if (!is_subject(options.queue_group)) {
    return invalid_argument("nats::Options::queue_group '" + options.queue_group +
                            "' is not visible ASCII, without '*' and '>'");
  }
  return {};
}

Result<std::shared_ptr<net::TlsClientContext>> make_tls(const Options& options) {
  net::TlsClientOptions tls = options.tls.value_or(net::TlsClientOptions());
  // Brokers do not choose a protocol, which this name allows.
  if (tls.alpn.empty()) tls.alpn.emplace_back("http/1.1");
  return net::TlsClientContext::create(tls);
}

}  // namespace

Result<Destination> Destination::parse(std::string_view address) {
  Destination made;
  const std::size_t scheme = address.find("://");
  if (scheme == std::string_view::npos) return bad("has no scheme");
  made.tls = address.substr(0, scheme) == "nats+tls";
  if (!made.tls && address.substr(0, scheme) != "nats") return bad("has another scheme");
  address.remove_prefix(scheme + 3);
  const std::size_t slash = address.rfind('/');
  if (slash == std::string_view::npos) return bad("has no prefix of the subjects");
  made.prefix = address.substr(slash + 1);
  if (!is_subject(made.prefix)) {
    return bad(
        "has a prefix that is no subject: words with dots between them, without blanks, "
        "'*' and '>'");
  }
  if (is_reserved(made.prefix)) return bad("has a prefix that NATS reserves: $..., _INBOX");
  address = address.substr(0, slash);
  if (const std::size_t at = address.rfind('@'); at != std::string_view::npos) {
    if (!take_credentials(address.substr(0, at), made)) return bad("has a wrong percent-encoding");
    address.remove_prefix(at + 1);
  }
  Status status = read_brokers(address, made.brokers);
  if (!status.ok()) return status;
  return made;
}

std::string name_of(const net::HostPort& broker) {
  const bool brackets = broker.host.find(':') != std::string::npos;
  return (brackets ? "[" + broker.host + "]" : broker.host) + ":" + std::to_string(broker.port);
}

std::string Setup::name() const {
  std::string name(to.tls ? "nats+tls://" : "nats://");
  name.append(name_of(to.brokers.front()));
  if (to.brokers.size() > 1) name.append(",...");
  return name.append("/").append(to.prefix);
}

std::size_t largest_message(std::size_t payload, std::size_t metadata) noexcept {
  return std::min(payload, kLargestMessage) + std::min(metadata, kLargestMessage) + kRoomForHeaders;
}

Result<std::shared_ptr<const Setup>> make_setup(std::string_view address, Options options,
                                                std::size_t max_message) {
  Result<Destination> to = Destination::parse(address);
  if (!to.ok()) return to.status();
  if (Status valid = check(options); !valid.ok()) return valid;
  if (options.tls && !to->tls) {
    return invalid_argument(
        "TLS is set up for NATS, but the address does not begin with nats+tls://, so nothing would "
        "be protected by it");
  }
  auto setup = std::make_shared<Setup>();
  if (to->tls) {
    Result<std::shared_ptr<net::TlsClientContext>> tls = make_tls(options);
    if (!tls.ok()) return tls.status();
    setup->tls = *std::move(tls);
  }
  if (to->user.empty() && to->token.empty()) {
    to->user = options.user;
    to->password = options.password;
    to->token = options.token;
  }
  setup->to = *std::move(to);
  setup->options = std::move(options);
  setup->max_message = max_message;
  return std::shared_ptr<const Setup>(std::move(setup));
}

}  // namespace weft::nats
