#include "weft/telemetry/otlp/internal/otlp_values.h"

#include <variant>

#include "weft/version.h"

namespace weft::telemetry::internal {
namespace {

/// An `AnyValue`.
void write_value(ProtoWriter& out, std::uint32_t field, const decltype(Attribute::value)& value) {
  out.message(field, [&] {
    if (const auto* const text = std::get_if<std::string>(&value)) return out.text(1, *text);
    if (const auto* const flag = std::get_if<bool>(&value)) return out.varint(2, *flag ? 1 : 0);
    if (const auto* const number = std::get_if<std::int64_t>(&value)) {
      return out.varint(3, static_cast<std::uint64_t>(*number));
    }
    out.number(4, *std::get_if<double>(&value));
  });
}

}  // namespace

void write_attribute(ProtoWriter& out, std::uint32_t field, const Attribute& attribute) {
  out.message(field, [&] {
    out.text(1, attribute.key);
    write_value(out, 2, attribute.value);
  });
}

void write_attribute(ProtoWriter& out, std::uint32_t field, std::string_view key,
                     std::string_view value) {
  out.message(field, [&] {
    out.text(1, key);
    out.message(2, [&] { out.text(1, value); });
  });
}

std::string encode_resource(const std::vector<Attribute>& attributes) {
  codec::OutputBytes encoded;
  ProtoWriter out(encoded);
  for (const Attribute& one : attributes) write_attribute(out, 1, one);
  return std::string(encoded.view());
}

Bytes enclose(std::string_view resource, std::string_view items) {
  codec::OutputBytes whole;
  ProtoWriter out(whole);
  out.message(1, [&] {
    out.bytes(1, resource);
    out.message(2, [&] {
      out.message(1, [&] {
        out.text(1, "weft");
        out.text(2, kVersion);
      });
      whole.put(items);
    });
  });
  return Bytes::copy_of(whole.view());
}

}  // namespace weft::telemetry::internal
