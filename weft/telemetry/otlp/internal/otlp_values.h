#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/telemetry/otlp/internal/proto_writer.h"
#include "weft/telemetry/trace/span_record.h"

// What the requests of all signals have in common (opentelemetry-proto 1.3: common/v1,
// resource/v1).

namespace weft::telemetry::internal {

/// Bytes of an id.
template <std::size_t N>
std::string_view view_of(const std::array<std::uint8_t, N>& id) noexcept {
  return {reinterpret_cast<const char*>(id.data()), N};
}

/// A `KeyValue`.
void write_attribute(ProtoWriter& out, std::uint32_t field, const Attribute& attribute);
void write_attribute(ProtoWriter& out, std::uint32_t field, std::string_view key,
                     std::string_view value);

/// A `Resource`, as its encoding.
std::string encode_resource(const std::vector<Attribute>& attributes);

/// An Export...ServiceRequest of one resource and one scope, weft's. `items`: encoded fields 2 of
/// ScopeSpans, ScopeMetrics or ScopeLogs, which have the same numbers.
Bytes enclose(std::string_view resource, std::string_view items);

}  // namespace weft::telemetry::internal
