#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "weft/base/result.h"

#include "tools/weft/schema/schema.h"

namespace weft::cli {

/// What `symbol` is, as .proto text with the comments its file has: a service, method, message,
/// enum, field, extension or file. A method comes with its request and response. INVALID_ARGUMENT
/// when the schema has no such symbol.
Result<std::string> describe(const Schema& schema, std::string_view symbol);

using Names = std::set<std::string, std::less<>>;

/// Where names stand: a file, and what protoc would find in it instead of what is meant. It
/// searches for the first part of a name, outwards from the message the name stands in.
struct NameScope {
  std::string package;
  Names types;    ///< simple names of the messages and enums in messages
  Names members;  ///< of all else in messages and services, which hides names of one part
  /// Whether there is a symbol, or a package, of this full name; null: there is none.
  std::function<bool(const std::string&)> exists;
};

/// Rewrites the full names with a dot in front, which protobuf writes, as a person would: without
/// the dot, and without the package where it is the file's. A name that would then mean something
/// else stays.
std::string shorten_names(std::string_view text, const NameScope& scope);

}  // namespace weft::cli
