#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "weft/base/result.h"

#include "tools/weft/schema.h"

namespace weft::cli {

/// What `symbol` is, as .proto text with the comments its file has: a service, method, message,
/// enum, field, extension or file. A method comes with its request and response. INVALID_ARGUMENT
/// when the schema has no such symbol.
Result<std::string> describe(const Schema& schema, std::string_view symbol);

using HiddenNames = std::set<std::string, std::less<>>;

/// Rewrites the full names with a dot in front, which protobuf writes, as a person would in a file
/// of `package`: without the dot, and without the package where it is that. A name whose first part
/// is one of `hidden`, so that it would mean something else, stays.
std::string shorten_names(std::string_view text, std::string_view package,
                          const HiddenNames& hidden);

}  // namespace weft::cli
