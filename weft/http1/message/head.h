#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/rpc/http/http_handler.h"

namespace weft::http1 {

enum class Version : std::uint8_t { Http10, Http11 };

/// How the content behind a head ends (RFC 9112 section 6.3).
struct Framing {
  enum class By : std::uint8_t { Nothing, Length, Chunks, Close };
  By by = By::Nothing;
  std::uint64_t length = 0;  ///< of By::Length
};

/// Why a peer's message is refused: the rule with the value and the limit, and the status that a
/// server answers it with. False where nothing is wrong.
struct Fault {
  int status = 0;
  std::string why;
  explicit operator bool() const noexcept { return status != 0; }
};

/// What a peer may send as a head, or as trailers.
struct HeadLimits {
  std::size_t size = std::size_t{32} * 1024;  ///< of all lines, with their ends
  std::size_t line = std::size_t{8} * 1024;   ///< of one, with its end
  std::size_t fields = 100;
};

/// A head that was parsed. The views point into `text`.
struct Head {
  Head() = default;
  Head(const Head&) = delete;
  Head& operator=(const Head&) = delete;

  /// The first value of a field, by its name in lower case; empty where there is none.
  std::string_view field(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept;

  std::string text;
  Version version = Version::Http11;
  std::vector<rpc::HttpField> fields;  ///< as they came; the names in lower case
  Framing framing;
  /// The connection stays open behind this message (RFC 9112 section 9.3).
  bool persistent = true;
  /// The value of Upgrade, where Connection names it (RFC 9110 section 7.8).
  std::string_view upgrade;
};

struct RequestHead : Head {
  std::string_view method;
  std::string_view target;  ///< as it came
  /// Of the target in its four forms (RFC 9112 section 3.2) and of Host.
  std::string_view scheme;     ///< of an absolute target, else empty
  std::string_view authority;  ///< the absolute target's, CONNECT's, or Host
  std::string_view path;       ///< with the query; "*" of an OPTIONS, empty of CONNECT
  /// The client waits for 100 before it sends the content (RFC 9110 section 10.1.1).
  bool expects_continue = false;
};

struct ResponseHead : Head {
  int status = 0;
  std::string_view reason;
  bool is_interim() const noexcept { return status < 200; }
};

/// The first member of a list, as Upgrade's, that is not empty.
std::string_view first_of_list(std::string_view list) noexcept;
/// Whether a list of tokens, as Connection's, names `token`, which is in lower case.
bool lists_token(std::string_view list, std::string_view token) noexcept;

}  // namespace weft::http1
