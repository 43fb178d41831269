#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"

/// Names of messages: words with dots between them.
namespace weft::nats {

/// Whether messages can be sent to it: words of visible ASCII without wildcards.
bool is_subject(std::string_view text) noexcept;

/// "shop.pkg.Service.Method" for the path "/pkg.Service/Method"; INVALID_ARGUMENT where the path
/// makes no subject.
Result<std::string> subject_of(std::string_view prefix, std::string_view path);

/// The path of a subject below `prefix`; nothing where it is not below it or has less than two
/// words there.
std::optional<std::string> path_of(std::string_view prefix, std::string_view subject);

}  // namespace weft::nats
