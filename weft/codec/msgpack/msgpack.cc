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
using codec::BufferUse;
using codec::OutputBytes;
using codec::Tables;
using codec::ThreadBuffer;

struct Msgpack {
  using Options = MsgpackOptions;
  static constexpr std::string_view kName = "msgpack";
  static constexpr std::string_view kTitle = "MessagePack";

  static Status write(const Tables& tables, const pb::Message& message,
                      const MsgpackWriteOptions& options, OutputBytes& out) {
    const codec::TableOf table(tables, *message.GetDescriptor());
    ThreadBuffer<BufferUse::Wire> wire;
    if (Status serialized = codec::serialize(message, *wire); !serialized.ok()) return serialized;
    codec::msgpack::Writer writer(options, out);
    if (writer.write(*table, wire->view())) [[likely]]
      return {};
    return writer.status();
  }

  static Status read(const Tables& tables, std::string_view bytes,
                     const MsgpackReadOptions& options, pb::Message& into) {
    const codec::TableOf table(tables, *into.GetDescriptor());
    ThreadBuffer<BufferUse::Wire> wire;
    codec::msgpack::Reader reader(bytes, options, *wire);
    into.Clear();
    if (!reader.read(*table)) return invalid_argument(reader.fault());
    return codec::parse(wire->view(), options.max_depth, into);
  }
};

}  // namespace

Result<std::string> to_msgpack(const pb::Message& message, const MsgpackWriteOptions& options) {
  ThreadBuffer<BufferUse::Format> out;
  Status written = Msgpack::write(Tables::generated(), message, options, *out);
  if (!written.ok()) return written;
  return std::string(out->view());
}

Status from_msgpack(std::string_view bytes, pb::Message& into, const MsgpackReadOptions& options) {
  return Msgpack::read(Tables::generated(), bytes, options, into);
}

std::shared_ptr<const Codec> msgpack_codec(MsgpackOptions options) {
  return std::make_shared<const codec::ObjectCodec<Msgpack>>(std::move(options));
}

}  // namespace weft
