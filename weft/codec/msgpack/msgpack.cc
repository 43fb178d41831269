#include "weft/codec/msgpack/msgpack.h"

#include <utility>

#include <google/protobuf/message.h>

#include "weft/codec/msgpack/internal/reader.h"
#include "weft/codec/msgpack/internal/writer.h"
#include "weft/codec/schema/object_bytes.h"
#include "weft/codec/schema/object_codec.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using codec::MessageTable;
using codec::OutputBytes;

struct Msgpack {
  using Options = MsgpackOptions;
  static constexpr std::string_view kName = "msgpack";
  static constexpr std::string_view kTitle = "MessagePack";

  static Status write(const MessageTable& table, std::string_view wire,
                      const MsgpackWriteOptions& options, OutputBytes& out) {
    codec::msgpack::Writer writer(options, out);
    if (writer.write(table, wire)) [[likely]]
      return {};
    return writer.status();
  }

  static Status read(const MessageTable& table, std::string_view bytes,
                     const MsgpackReadOptions& options, OutputBytes& wire) {
    codec::msgpack::Reader reader(bytes, options, wire);
    if (reader.read(table)) return {};
    return invalid_argument(reader.fault());
  }
};

}  // namespace

Result<std::string> to_msgpack(const pb::Message& message, const MsgpackWriteOptions& options) {
  return codec::write_object<Msgpack>(message, options);
}

Status from_msgpack(std::string_view bytes, pb::Message& into, const MsgpackReadOptions& options) {
  return codec::read_object<Msgpack>(codec::Tables::generated(), bytes, options, into);
}

std::shared_ptr<const Codec> msgpack_codec(MsgpackOptions options) {
  return std::make_shared<const codec::ObjectCodec<Msgpack>>(std::move(options));
}

}  // namespace weft
