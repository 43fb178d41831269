#include "weft/foreign/internal/error_text.h"

#include <array>

namespace weft::foreign {
namespace {

struct Known {
  std::string_view prefix;
  StatusCode code;
};

// Texts of net/rpc's server.go, of jsonrpc's server.go, and of the codecs that they pass on.
constexpr std::array kOfGo = {
    Known{"rpc: can't find ", StatusCode::Unimplemented},
    Known{"rpc: service/method request ill-formed", StatusCode::Unimplemented},
    Known{"jsonrpc: request body missing params", StatusCode::InvalidArgument},
    Known{"json: ", StatusCode::InvalidArgument},
    Known{"gob: ", StatusCode::InvalidArgument},
};

}  // namespace

std::string error_text(const Status& status) { return status.to_string(); }

Status status_of_error(std::string_view text) {
  for (int i = 1; i <= static_cast<int>(StatusCode::Unauthenticated); ++i) {
    const auto code = static_cast<StatusCode>(i);
    const std::string_view name = name_of(code);
    if (!text.starts_with(name)) continue;
    const std::string_view rest = text.substr(name.size());
    if (rest.empty()) return Status(code, {}, Origin::Peer);
    if (rest.starts_with(": ")) return Status(code, rest.substr(2), Origin::Peer);
  }
  for (const Known& known : kOfGo) {
    if (text.starts_with(known.prefix)) return Status(known.code, text, Origin::Peer);
  }
  return Status(StatusCode::Unknown, text, Origin::Peer);
}

}  // namespace weft::foreign
