#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weft/registry/v1/registry.pb.h"

#include "tools/weft/terminal.h"

namespace weft::cli {

/// Rows with columns as wide as their widest cell. The first row is the heading; the last column is
/// not padded.
std::string table_of(const std::vector<std::vector<std::string>>& rows, const Style& style);

/// A table of instances with their leases. Values that servers have chosen are as log_value() shows
/// them, so that none can look like a row, a column or an attribute of its own.
std::string table_of(const std::vector<registry::v1::Entry>& entries, const Style& style);

/// What a watch has told, a line each: "= " there already, "+ " new, "- " gone. Heartbeats have no
/// line.
std::vector<std::string> lines_of(const registry::v1::WatchResponse& response, const Style& style);

/// A message as JSON on one line, safe to show: see printable_json().
std::string json_line(const google::protobuf::Message& message);

}  // namespace weft::cli
