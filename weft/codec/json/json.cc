#include "weft/codec/json/json.h"

#include <utility>

#include <google/protobuf/message.h>

#include "weft/codec/json/wire_json.h"
#include "weft/codec/schema/object_bytes.h"
#include "weft/codec/schema/object_codec.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using codec::BufferUse;
using codec::OutputBytes;
using codec::Tables;
using codec::ThreadBuffer;

struct Json {
  using Options = JsonOptions;
  static constexpr std::string_view kName = "json";
  static constexpr std::string_view kTitle = "JSON";

  static Status write(const Tables& tables, const pb::Message& message,
                      const JsonWriteOptions& options, OutputBytes& out) {
    const codec::TableOf table(tables, *message.GetDescriptor());
    ThreadBuffer<BufferUse::Wire> wire;
    if (Status serialized = codec::serialize(message, *wire); !serialized.ok()) return serialized;
    return print_json(*table, wire->view(), options, codec::WireOrigin::Own, out);
  }

  static Status read(const Tables& tables, std::string_view json, const JsonReadOptions& options,
                     pb::Message& into) {
    const codec::TableOf table(tables, *into.GetDescriptor());
    ThreadBuffer<BufferUse::Wire> wire;
    codec::JsonFault fault;
    into.Clear();
    if (!codec::read_json(*table, json, options, *wire, fault)) {
      return invalid_argument(fault.message());
    }
    return codec::parse(wire->view(), options.max_depth, into);
  }
};

}  // namespace

Result<std::string> to_json(const pb::Message& message, const JsonWriteOptions& options) {
  ThreadBuffer<BufferUse::Format> text;
  Status written = Json::write(Tables::generated(), message, options, *text);
  if (!written.ok()) return written;
  return std::string(text->view());
}

Status from_json(std::string_view json, pb::Message& into, const JsonReadOptions& options) {
  return Json::read(Tables::generated(), json, options, into);
}

std::shared_ptr<const Codec> json_codec(JsonOptions options) {
  return std::make_shared<const codec::ObjectCodec<Json>>(std::move(options));
}

}  // namespace weft
