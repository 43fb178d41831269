#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weft/base/status.h"
#include "weft/rpc/call/metadata.h"

namespace weft::cli {

/// Adds what `-H 'name: value'` gives to `metadata`. Space around name and value does not count;
/// the value of a name that ends in `-bin` is base64 of either alphabet (RFC 4648 sections 4 and
/// 5), with or without padding. INVALID_ARGUMENT naming the flag and the rule.
Status add_header(std::string_view text, Metadata& metadata);
/// As add_header() for each; for CLI11, so that an error is thrown.
void add_headers(const std::vector<std::string>& texts, Metadata& metadata);

}  // namespace weft::cli
