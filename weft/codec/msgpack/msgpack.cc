#include "weft/codec/msgpack/msgpack.h"

#include <utility>

#include <google/protobuf/message.h>

#include "weft/codec/msgpack/internal/reader.h"
#include "weft/codec/msgpack/internal/writer.h"
#include "weft/codec/schema/object_bytes.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using codec::BufferUse;
using codec::OutputBytes;
using codec::Tables;
using codec::ThreadBuffer;

Status write(const Tables& tables, const pb::Message& message, const MsgpackWriteOptions& options,
             OutputBytes& out) {
  const codec::TableOf table(tables, *message.GetDescriptor());
  ThreadBuffer<BufferUse::Wire> wire;
  if (Status serialized = codec::serialize(message, *wire); !serialized.ok()) return serialized;
  codec::msgpack::Writer writer(options, out);
  if (writer.write(*table, wire->view())) [[likely]]
    return {};
  return writer.status();
}

Status read(const Tables& tables, std::string_view bytes, const MsgpackReadOptions& options,
            pb::Message& into) {
  const codec::TableOf table(tables, *into.GetDescriptor());
  ThreadBuffer<BufferUse::Wire> wire;
  codec::msgpack::Reader reader(bytes, options, *wire);
  into.Clear();
  if (!reader.read(*table)) return invalid_argument(reader.fault());
  return codec::parse(wire->view(), options.max_depth, into);
}

class MsgpackCodec final : public Codec {
 public:
  explicit MsgpackCodec(MsgpackOptions options)
      : options_(std::move(options)),
        own_tables_(options_.types == nullptr ? nullptr : std::make_unique<Tables>(options_.types)),
        tables_(own_tables_ == nullptr ? Tables::generated() : *own_tables_) {}

  std::string_view name() const noexcept override { return "msgpack"; }

  Result<Message> encode(const pb::MessageLite& object) const override {
    const auto* const message = dynamic_cast<const pb::Message*>(&object);
    if (message == nullptr) return lite(object);
    ThreadBuffer<BufferUse::Format> out;
    Status written = write(tables_, *message, options_.write, *out);
    if (!written.ok()) return written;
    return Message(Bytes::copy_of(out->view()));
  }

  Status decode(const Message& bytes, pb::MessageLite& into) const override {
    auto* const message = dynamic_cast<pb::Message*>(&into);
    if (message == nullptr) return lite(into);
    return read(tables_, bytes.bytes().view(), options_.read, *message);
  }

 private:
  static Status lite(const pb::MessageLite& object) {
    return internal_error(object.GetTypeName() +
                          " is of protobuf's lite runtime, whose messages have no MessagePack "
                          "(option optimize_for = LITE_RUNTIME)");
  }

  const MsgpackOptions options_;
  const std::unique_ptr<const Tables> own_tables_;
  const Tables& tables_;
};

}  // namespace

Result<std::string> to_msgpack(const pb::Message& message, const MsgpackWriteOptions& options) {
  ThreadBuffer<BufferUse::Format> out;
  Status written = write(Tables::generated(), message, options, *out);
  if (!written.ok()) return written;
  return std::string(out->view());
}

Status from_msgpack(std::string_view bytes, pb::Message& into, const MsgpackReadOptions& options) {
  return read(Tables::generated(), bytes, options, into);
}

std::shared_ptr<const Codec> msgpack_codec(MsgpackOptions options) {
  return std::make_shared<const MsgpackCodec>(std::move(options));
}

}  // namespace weft
