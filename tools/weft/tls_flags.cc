#include "tools/weft/tls_flags.h"

#include <cstdio>
#include <utility>

#include <CLI/App.hpp>
#include <unistd.h>

#include "tools/weft/terminal.h"

namespace weft::cli {
namespace {

/// What is wrong with `options` is the fault of `flag`.
void check_options(const std::string& flag, net::TlsClientOptions options) {
  const auto made = net::TlsClientContext::create(std::move(options));
  if (!made.ok()) throw CLI::ValidationError(flag, std::string(made.status().message()));
}

}  // namespace

bool TlsFlags::enabled() const noexcept {
  return tls || insecure || !ca.empty() || !certificate.empty() || !key.empty() ||
         !server_name.empty() || !min_version.empty();
}

std::optional<net::TlsClientOptions> TlsFlags::options() const {
  if (!enabled()) return std::nullopt;
  net::TlsClientOptions options;
  options.ca = ca;
  options.certificate = certificate;
  options.key = key;
  options.server_name = server_name;
  options.insecure = insecure;
  if (min_version == "1.3") options.min_version = net::TlsVersion::Tls13;
  return options;
}

void add_tls_flags(CLI::App& command, TlsFlags& flags) {
  const std::string group = "TLS (each of these implies --tls)";
  command
      .add_flag("--tls", flags.tls,
                "Speak TLS; without --cacert the server's certificate has to come from a CA that "
                "this machine trusts")
      ->group(group);
  command
      .add_option("--cacert", flags.ca, "PEM file of the CA certificates to trust, and only these")
      ->type_name("FILE")
      ->group(group);
  CLI::Option* certificate =
      command
          .add_option("--cert", flags.certificate,
                      "PEM file of the certificate to show to the server, with its chain")
          ->type_name("FILE")
          ->group(group);
  command.add_option("--key", flags.key, "PEM file of its private key (default: in --cert's file)")
      ->type_name("FILE")
      ->needs(certificate)
      ->group(group);
  command
      .add_option("--server-name", flags.server_name,
                  "Name to ask the server for (SNI) and to look for in its certificate (default: "
                  "that of --authority, else of ADDRESS)")
      ->type_name("NAME")
      ->group(group);
  command.add_option("--min-tls", flags.min_version, "Lowest version: 1.2 (default) or 1.3")
      ->type_name("VERSION")
      ->check(CLI::IsMember({"1.2", "1.3"}))
      ->group(group);
  command
      .add_flag("--insecure", flags.insecure,
                "Do not verify the server's certificate: anybody in between can read and change "
                "everything")
      ->group(group);
}

void check_tls_flags(const TlsFlags& flags) {
  if (!flags.enabled()) return;
  net::TlsClientOptions options;
  options.ca = flags.ca;
  check_options(flags.ca.empty() ? "--tls" : "--cacert", options);
  if (!flags.certificate.empty()) {
    options.certificate = flags.certificate;
    options.key = flags.key;
    check_options(flags.key.empty() ? "--cert" : "--cert, --key", options);
  }
  if (!flags.insecure) return;
  const Style style = Style::of(STDERR_FILENO);
  std::fprintf(stderr, "%s: --insecure: the server's certificate is not verified\n",
               style.paint(style.yellow, "warning").c_str());
}

}  // namespace weft::cli
