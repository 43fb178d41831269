#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/App.hpp>

#include "weft/base/text/printable.h"
#include "weft/net/tls/tls_info.h"
#include "weft/rpc/call/principal.h"
#include "weft/security/authorization_policy.h"

#include "tools/weft/call/header_flag.h"
#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"

namespace weft::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weft explain policy.json shop.Orders/Get --as spiffe://example.org/billing
  weft explain policy.json shop.Orders/Get --as https://login.example.org/ann -H 'x-env: test'
  weft explain policy.json shop.Orders/Get --as CN=billing,O=Example

Exit status: 0 when the policy allows the call, 1 when it denies it, 2 when it cannot be read.)";

constexpr int kDenied = 1;
constexpr std::size_t kMostBytes = std::size_t{4} << 20;  // of a policy

struct ExplainFlags {
  std::string file;
  std::string method;
  std::string caller;
  bool tls = false;
  Metadata metadata;
};

Result<std::string> read_policy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    return invalid_argument("'" + path + "': " + std::generic_category().message(errno));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

/// The caller whose name in rules is `name`: what has a slash is "issuer/subject" of a principal,
/// or a URI, which is compared in the same way; the rest is of a certificate.
class Caller {
 public:
  explicit Caller(const std::string& name) {
    const std::size_t slash = name.rfind('/');
    if (slash != std::string::npos) {
      principal_ = {.subject = name.substr(slash + 1), .issuer = name.substr(0, slash)};
    } else if (name.find('=') != std::string::npos) {
      certificate_.subject = name;
    } else {
      certificate_.dns = {name};
    }
  }
  void add_to(security::AuthorizationRequest& request) const {
    const bool has_principal = !principal_.subject.empty();
    if (has_principal) request.principal = &principal_;
    if (!has_principal) request.certificate = &certificate_;
  }

 private:
  Principal principal_;
  net::CertificateInfo certificate_;
};

Task<int> explain_command(std::shared_ptr<const ExplainFlags> flags) {
  const Result<std::string> text = read_policy(flags->file);
  if (!text.ok()) co_return report(text.status());
  const Result<security::AuthorizationPolicy> policy = security::AuthorizationPolicy::parse(*text);
  if (!policy.ok()) {
    co_return report(policy.status().with_prefix("'" + flags->file + "'"));
  }
  const std::string path = flags->method.starts_with('/') ? flags->method : "/" + flags->method;
  const Caller caller(flags->caller);
  security::AuthorizationRequest request{
      .path = path, .metadata = flags->metadata, .encrypted = flags->tls};
  if (!flags->caller.empty()) caller.add_to(request);
  std::printf("%s\n", printable_lines(policy->explain(request)).c_str());
  co_return policy->decide(request).allowed ? 0 : kDenied;
}

}  // namespace

void add_explain_command(CLI::App& app, Command& chosen) {
  CLI::App& command =
      *app.add_subcommand("explain", "Say whether an authorization policy allows a call, and why");
  auto flags = std::make_shared<ExplainFlags>();
  command.add_option("POLICY", flags->file, "File of the policy, in gRPC's JSON (gRFC A43)")
      ->required();
  command.add_option("METHOD", flags->method, "The method that is called: package.Service/Method")
      ->required();
  command.add_option("--as", flags->caller,
                     "The caller as rules name it: a SPIFFE ID, issuer/subject of a token, "
                     "api-key/subject, a DNS name, CN=… (default: a caller of whom nothing is "
                     "known)");
  command.add_flag("--tls", flags->tls, "The call comes through TLS");
  command.add_option_function<std::vector<std::string>>(
      "-H,--header",
      [flags](const std::vector<std::string>& headers) { add_headers(headers, flags->metadata); },
      "Metadata of the call, 'name: value'; may be repeated");
  command.footer(kExamples);
  command.callback([flags, &chosen] { chosen = [flags] { return explain_command(flags); }; });
}

}  // namespace weft::cli
