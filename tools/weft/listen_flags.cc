#include "tools/weft/listen_flags.h"

#include <algorithm>
#include <vector>

#include <CLI/App.hpp>

#include "weft/base/log.h"
#include "weft/net/socket/address.h"
#include "weft/net/socket/address_scope.h"

namespace weft::cli {
namespace {

/// Whether only this machine can connect to what `listen` means. A name other than localhost is
/// not looked up: it may mean something else tomorrow.
bool stays_here(const std::string& listen) {
  const Result<net::Target> target = net::Target::parse(listen);
  if (listen.starts_with(':') || !target.ok()) return false;
  if (target->scheme == "dns") {
    const Result<net::HostPort> parts = net::HostPort::parse(target->endpoint);
    if (!parts.ok()) return false;
    const Result<net::Address> address = net::Address::ip(parts->host, parts->port);
    if (!address.ok()) return parts->host == "localhost";
    return net::scope_of(*address) == net::AddressScope::Machine;
  }
  const Result<std::vector<net::Address>> addresses = target->literals();
  return addresses.ok() &&
         std::all_of(addresses->begin(), addresses->end(), [](const net::Address& address) {
           return net::scope_of(address) == net::AddressScope::Machine;
         });
}

}  // namespace

std::optional<net::TlsServerOptions> ListenFlags::tls() const {
  if (certificate.empty()) return std::nullopt;
  net::TlsServerOptions options;
  options.certificates.push_back({.certificate = certificate, .key = key});
  options.client_ca = client_ca;
  if (!client_ca.empty()) options.client_certificate = net::ClientCertificate::Required;
  return options;
}

void add_listen_flags(CLI::App& command, ListenFlags& flags) {
  const std::string group = "Listening";
  command
      .add_option("--listen", flags.listen,
                  "Where to listen (default: " + flags.listen +
                      ", for this machine only); anywhere else wants --cert or --insecure-listen")
      ->type_name("ADDRESS")
      ->group(group);
  command
      .add_flag("--insecure-listen", flags.insecure,
                "Serve other machines in plaintext: any machine that reaches the " + flags.server +
                    " can " + flags.danger)
      ->group(group);
  CLI::Option* certificate = command
                                 .add_option("--cert", flags.certificate,
                                             "Speak TLS: PEM file of the " + flags.server +
                                                 "'s certificate, with its chain")
                                 ->type_name("FILE")
                                 ->group(group);
  command.add_option("--key", flags.key, "PEM file of its private key (default: in --cert's file)")
      ->type_name("FILE")
      ->needs(certificate)
      ->group(group);
  command
      .add_option("--client-ca", flags.client_ca,
                  "Take only clients with a certificate from this PEM file's CAs (mutual TLS)")
      ->type_name("FILE")
      ->needs(certificate)
      ->group(group);
}

Status check_listen_flags(const ListenFlags& flags) {
  if (const auto tls = flags.tls()) {
    // Its warnings come when the server loads the same files.
    set_log_sink([](LogLevel, std::string_view) {});
    const Status status = net::TlsServerContext::create(*tls).status();
    set_log_sink({});
    return status.with_prefix("--cert, --key, --client-ca");
  }
  if (flags.insecure || stays_here(flags.listen)) return {};
  return invalid_argument("--listen " + flags.listen +
                          ": other machines could reach it in plaintext, and " + flags.danger +
                          "; give --cert and --key for TLS, --client-ca with them for mutual "
                          "TLS, or --insecure-listen to serve them anyway");
}

}  // namespace weft::cli
