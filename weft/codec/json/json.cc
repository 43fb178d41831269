#include "weft/codec/json/json.h"

#include <utility>

#include <google/protobuf/message.h>

#include "weft/codec/json/wire_json.h"
#include "weft/codec/schema/object_bytes.h"
#include "weft/codec/schema/object_codec.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using codec::MessageTable;
using codec::OutputBytes;

struct Json {
  using Options = JsonOptions;
  static constexpr std::string_view kName = "json";
  static constexpr std::string_view kTitle = "JSON";

  static Status write(const MessageTable& table, std::string_view wire,
                      const JsonWriteOptions& options, OutputBytes& out) {
    return print_json(table, wire, options, codec::WireOrigin::Own, out);
  }

  static Status read(const MessageTable& table, std::string_view json,
                     const JsonReadOptions& options, OutputBytes& wire) {
    codec::JsonFault fault;
    if (codec::read_json(table, json, options, wire, fault)) return {};
    return invalid_argument(fault.message());
  }
};

}  // namespace

Result<std::string> to_json(const pb::Message& message, const JsonWriteOptions& options) {
  return codec::write_object<Json>(message, options);
}

Status from_json(std::string_view json, pb::Message& into, const JsonReadOptions& options) {
  return codec::read_object<Json>(codec::Tables::generated(), json, options, into);
}

std::shared_ptr<const Codec> json_codec(JsonOptions options) {
  return std::make_shared<const codec::ObjectCodec<Json>>(std::move(options));
}

}  // namespace weft
