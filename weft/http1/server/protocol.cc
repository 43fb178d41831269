#include "weft/http1/server/protocol.h"

#include <array>
#include <string>
#include <utility>

#include "weft/base/text/token.h"
#include "weft/http1/server/internal/served_connection.h"

namespace weft::http1 {
namespace {

// Longer methods are none (the longest registered one has 17 characters).
constexpr std::size_t kLongestMethod = 32;

Task<> serve_connection(rpc::WireConnection& wire, const ProtocolOptions& options) {
  ServedConnection connection(wire, options);
  connection.start();
  co_await connection.ended();
}

class Protocol final : public rpc::WireProtocol {
 public:
  explicit Protocol(ProtocolOptions options) : options_(std::move(options)) {}

  std::string name() const override { return "HTTP/1.1"; }
  std::span<const std::string_view> alpn() const noexcept override {
    static constexpr std::array<std::string_view, 2> kNames = {"http/1.1", "http/1.0"};
    return kNames;
  }
  /// A method and a space; a request may have an empty line before it (RFC 9112 section 2.2).
  Match matches(std::string_view bytes) const noexcept override {
    if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
    if (bytes.empty() || bytes == "\r") return Match::NeedMore;
    std::size_t size = 0;
    while (size < bytes.size() && is_token_character(bytes[size])) ++size;
    if (size > kLongestMethod) return Match::No;
    if (size == bytes.size()) return Match::NeedMore;
    // HTTP/2's preface looks like a request (RFC 9113 section 3.4).
    return size != 0 && bytes[size] == ' ' && !bytes.starts_with("PRI ") ? Match::Yes : Match::No;
  }
  bool matches_others() const noexcept override { return true; }
  Task<> serve(rpc::WireConnection& connection) override {
    return serve_connection(connection, options_);
  }

 private:
  const ProtocolOptions options_;
};

}  // namespace

std::shared_ptr<rpc::WireProtocol> protocol(ProtocolOptions options) {
  return std::make_shared<Protocol>(std::move(options));
}

}  // namespace weft::http1
