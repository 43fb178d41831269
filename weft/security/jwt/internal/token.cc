#include "weft/security/jwt/internal/token.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"
#include "weft/security/jwt/internal/base64url.h"

namespace weft::security::internal {
namespace {

using middleware::JsonDocument;
using middleware::JsonNode;

Status wrong(std::string_view what) { return unauthenticated("the token " + std::string(what)); }

/// A part of the token as a JSON object.
Result<JsonDocument> object_of(std::string_view part, std::string_view name) {
  const std::optional<std::string> text = read_base64url(part);
  if (!text) return wrong("has a " + std::string(name) + " that is not base64url");
  Result<JsonDocument> document = JsonDocument::parse(*text);
  if (!document.ok() || !document->root().is_object()) {
    return wrong("has a " + std::string(name) + " that is no JSON object");
  }
  return document;
}

/// A member of the header that has to be a text where it is there.
Result<std::string> text_of(JsonNode header, std::string_view name) {
  const JsonNode member = header[name];
  if (!member.present()) return std::string();
  if (!member.is_text()) return wrong("has a \"" + std::string(name) + "\" that is no text");
  return member.text().value_or("");
}

/// Also one that is null.
bool has_member(JsonNode object, std::string_view name) {
  const std::vector<std::string> names = object.names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string media_type(std::string_view type) {
  constexpr std::string_view kPrefix = "application/";
  std::string lower = ascii::lower(std::string(type));
  if (lower.starts_with(kPrefix)) lower.erase(0, kPrefix.size());
  return lower;
}

Result<Token> Token::parse(std::string_view text) {
  const std::size_t first = text.find('.');
  const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) {
    return wrong("has not the three parts of a signed JWT");
  }
  Result<JsonDocument> header = object_of(text.substr(0, first), "header");
  if (!header.ok()) return std::move(header).status();
  const JsonNode root = header->root();
  const Result<std::string> name = text_of(root, "alg");
  if (!name.ok()) return name.status();
  const std::optional<JwtAlgorithm> algorithm = jwt_algorithm(*name);
  if (!algorithm) {
    return wrong("has the algorithm \"" + printable(cut_text(*name)) + "\", which is not allowed");
  }
  if (has_member(root, "crit")) return wrong("has \"crit\" in its header, which is not understood");
  Result<std::string> key_id = text_of(root, "kid");
  if (!key_id.ok()) return std::move(key_id).status();
  const Result<std::string> type = text_of(root, "typ");
  if (!type.ok()) return type.status();
  Result<JsonDocument> claims = object_of(text.substr(first + 1, second - first - 1), "payload");
  if (!claims.ok()) return std::move(claims).status();
  std::optional<std::string> signature = read_base64url(text.substr(second + 1));
  if (!signature || signature->empty()) return wrong("has a signature that is not base64url");
  return Token{.algorithm = *algorithm,
               .key_id = *std::move(key_id),
               .type = media_type(*type),
               .signed_text = text.substr(0, second),
               .signature = *std::move(signature),
               .claims = *std::move(claims)};
}

}  // namespace weft::security::internal
