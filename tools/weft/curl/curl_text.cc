#include "tools/weft/curl/curl_text.h"

#include <algorithm>
#include <charconv>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/http1/client/url.h"
#include "weft/net/proxy/http_proxy.h"
#include "weft/net/socket/address.h"
#include "weft/rpc/grpc/grpc_wire.h"

#include "tools/weft/connection_flags.h"

namespace weft::cli {
namespace {

// An argument of a program has 128 KiB on Linux (MAX_ARG_STRLEN); printf is the shell's own.
constexpr std::size_t kLongestArgument = std::size_t{100} * 1024;
// Ten digits, which is what connect-timeout-ms may have.
constexpr std::int64_t kMostMilliseconds = 9'999'999'999;
constexpr std::string_view kUnix = "unix:";

class Words {
 public:
  Words& add(std::string_view word) {
    if (!text_.empty()) text_ += ' ';
    text_ += shell_word(word);
    return *this;
  }
  Words& add(std::string_view flag, std::string_view value) {
    if (!value.empty()) add(flag).add(value);
    return *this;
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

/// Where the flags say that the server is.
struct Server {
  std::string origin;   ///< "https://host:port"
  std::string prefix;   ///< path before a method's
  std::string connect;  ///< "host:port" where it is not the origin's
  std::string host;     ///< field, where it is not the origin's
  std::string socket;   ///< of unix:
};

Result<http1::Url> url_of(const ConnectionFlags& flags) {
  // The target of a channel of Connect is the URL behind its own scheme.
  constexpr std::string_view kConnect = "connect+";
  const Encryption encryption = flags.tls.enabled() ? Encryption::Tls : Encryption::None;
  std::string address = flags.address;
  if (address.starts_with(kUnix)) address = "localhost:80";
  const Result<std::string> target = web_target(address, CallProtocol::Connect, encryption);
  if (!target.ok()) return target.status();
  Result<http1::Url> url = http1::Url::parse(target->substr(kConnect.size()));
  if (!url.ok()) return url.status().with_prefix("ADDRESS");
  if (url->target() != url->path()) {
    return invalid_argument("ADDRESS: " + url->shown() + ": it has a query, and takes none");
  }
  return url;
}

Result<Server> server_of(const ConnectionFlags& flags) {
  const Result<http1::Url> url = url_of(flags);
  if (!url.ok()) return url.status();
  Server server;
  server.origin = url->origin();
  server.prefix = std::string(url->path());
  while (server.prefix.ends_with('/')) server.prefix.pop_back();
  if (flags.address.starts_with(kUnix)) {
    server.socket = flags.address.substr(kUnix.size());
    while (server.socket.starts_with("//")) server.socket.erase(0, 1);
  }
  const std::string scheme = std::string(url->scheme()) + "://";
  const std::string& named =
      flags.tls.server_name.empty() ? flags.authority : flags.tls.server_name;
  if (named.empty()) return server;
  server.connect = net::to_string(net::HostPort{.host = url->host(), .port = url->port()});
  server.origin = scheme + named;
  // TLS proves this name; the server is told another one.
  if (!flags.tls.server_name.empty()) {
    server.host = flags.authority.empty() ? url->authority() : flags.authority;
  }
  return server;
}

/// "name: value" as -H takes it: a field without a value would be left out.
std::string header(std::string_view name, std::string_view value) {
  return std::string(name).append(value.empty() ? ";" : ": ").append(value);
}

void add_metadata(const Metadata& metadata, Words& words) {
  for (const Metadata::Entry entry : metadata) {
    std::string value(entry.value);
    if (entry.name.ends_with("-bin")) {
      value.clear();
      rpc::base64_encode(entry.value, value);
    }
    words.add("-H").add(header(entry.name, value));
  }
}

void add_deadline(Duration timeout, Words& words) {
  if (timeout == kForever) return;
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  const auto sent = std::clamp<std::int64_t>(rounded, 1, kMostMilliseconds);
  words.add("-H").add(header("connect-timeout-ms", std::to_string(sent)));
}

void add_connection(const ConnectionFlags& flags, const Server& server, Words& words) {
  words.add("--unix-socket", server.socket);
  if (!server.connect.empty()) words.add("--connect-to").add("::" + server.connect);
  words.add("--cacert", flags.tls.ca);
  words.add("--cert", flags.tls.certificate);
  words.add("--key", flags.tls.key);
  if (flags.tls.insecure) words.add("--insecure");
  if (flags.tls.min_version == "1.3") words.add("--tlsv1.3");
  if (flags.max_receive_size != 0) {
    words.add("--max-filesize").add(std::to_string(flags.max_receive_size));
  }
  if (!server.host.empty()) words.add("-H").add(header("host", server.host));
}

/// The prefix of a message as printf's format has it.
std::string envelope_format(std::size_t size) {
  constexpr std::string_view kDigits = "01234567";
  std::string format = "\\000";
  for (int shift = 24; shift >= 0; shift -= 8) {
    const std::size_t byte = size >> shift & 0xff;
    format.append({'\\', kDigits[byte >> 6], kDigits[byte >> 3 & 7], kDigits[byte & 7]});
  }
  return format;
}

/// A printf that writes the content.
std::string printf_text(const CurlRequest& request) {
  std::string format;
  for (const std::string& piece : request.content) {
    if (request.enveloped) format += envelope_format(piece.size());
    format += "%s";
  }
  Words words;
  words.add("printf").add(format);
  for (const std::string& piece : request.content) words.add(piece);
  return std::move(words).take();
}

Status check(const ConnectionFlags& flags, const CurlRequest& request) {
  if (flags.compression != Compression::Identity) {
    return invalid_argument("--compression: curl does not compress what it sends");
  }
  if (flags.wait_for_ready) {
    return invalid_argument("--wait-for-ready: curl does not wait for a server");
  }
  const bool has_nul =
      std::any_of(request.content.begin(), request.content.end(),
                  [](const std::string& piece) { return piece.find('\0') != std::string::npos; });
  if (!has_nul) return {};
  return invalid_argument(
      "the content has a byte of zero, which no argument of a command can have; curl takes it from "
      "a file, with --data-binary @FILE");
}

}  // namespace

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "-._/:@,+=%";
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [kPlain](char c) {
    return ascii::is_alphanumeric(c) || kPlain.find(c) != std::string_view::npos;
  });
  if (plain) return std::string(text);
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

Result<std::string> curl_text(const ConnectionFlags& flags, const CurlRequest& request) {
  if (Status status = check(flags, request); !status.ok()) return status;
  const Result<Server> server = server_of(flags);
  if (!server.ok()) return server.status();
  Words words;
  words.add("curl").add(request.streams ? "-sSN" : "-sS");
  const std::string by_itself = request.has_content ? "POST" : "GET";
  if (request.method == "HEAD") {
    words.add("-I");
  } else if (!request.method.empty() && request.method != by_itself) {
    words.add("-X").add(request.method);
  }
  if (request.http2)
    words.add(server->origin.starts_with("https") ? "--http2" : "--http2-prior-knowledge");
  add_connection(flags, *server, words);
  for (const std::string& field : request.fields) words.add("-H").add(field);
  add_deadline(flags.timeout, words);
  add_metadata(flags.metadata, words);
  const bool piped = request.has_content && (request.enveloped || request.content.size() != 1 ||
                                             request.content.front().size() > kLongestArgument);
  if (piped) words.add("--data-binary").add("@-");
  if (request.has_content && !piped) words.add("--data-raw").add(request.content.front());
  words.add(server->origin + server->prefix + request.target);
  const std::string command = std::move(words).take();
  return piped ? printf_text(request) + " | " + command : command;
}

}  // namespace weft::cli
