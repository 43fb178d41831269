#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/message.h>

#include "weft/base/result.h"
#include "weft/codec/codec.h"
#include "weft/codec/schema/object_bytes.h"

namespace weft::codec {

// A format of messages, `Format` below, has
//
//     Options   with `write`, `read` and `types`
//     kName     the content subtype
//     kTitle    the format's name for people: "JSON"
//     Status write(const MessageTable&, std::string_view wire, const decltype(Options::write)&,
//     OutputBytes&) Status read(const MessageTable&, std::string_view, const
//     decltype(Options::read)&, OutputBytes& wire)

/// Appends `message` in the format.
template <class Format>
Status write_object(const Tables& tables, const google::protobuf::Message& message,
                    const decltype(Format::Options::write)& options, OutputBytes& out) {
  const TableOf table(tables, *message.GetDescriptor());
  ThreadBuffer<BufferUse::Wire> wire;
  if (Status serialized = serialize(message, *wire); !serialized.ok()) return serialized;
  return Format::write(*table, wire->view(), options, out);
}

/// The same with the tables of generated types, as text or bytes of its own.
template <class Format>
Result<std::string> write_object(const google::protobuf::Message& message,
                                 const decltype(Format::Options::write)& options) {
  ThreadBuffer<BufferUse::Format> out;
  Status written = write_object<Format>(Tables::generated(), message, options, *out);
  if (!written.ok()) return written;
  return std::string(out->view());
}

/// Replaces `into` by what `bytes` say in the format.
template <class Format>
Status read_object(const Tables& tables, std::string_view bytes,
                   const decltype(Format::Options::read)& options,
                   google::protobuf::Message& into) {
  const TableOf table(tables, *into.GetDescriptor());
  ThreadBuffer<BufferUse::Wire> wire;
  if (Status read = Format::read(*table, bytes, options, *wire); !read.ok()) {
    into.Clear();
    return read;
  }
  return parse(wire->view(), options.max_depth, into);
}

/// The codec of a format.
template <class Format>
class ObjectCodec final : public Codec {
 public:
  using Options = typename Format::Options;

  explicit ObjectCodec(Options options)
      : options_(std::move(options)),
        own_tables_(options_.types == nullptr ? nullptr : std::make_unique<Tables>(options_.types)),
        tables_(own_tables_ == nullptr ? Tables::generated() : *own_tables_) {}

  std::string_view name() const noexcept override { return Format::kName; }

  Result<Message> encode(const google::protobuf::MessageLite& object) const override {
    const auto* const message = dynamic_cast<const google::protobuf::Message*>(&object);
    if (message == nullptr) return lite(object);
    ThreadBuffer<BufferUse::Format> out;
    Status written = write_object<Format>(tables_, *message, options_.write, *out);
    if (!written.ok()) return written;
    return Message(Bytes::copy_of(out->view()));
  }

  Status decode(const Message& bytes, google::protobuf::MessageLite& into) const override {
    auto* const message = dynamic_cast<google::protobuf::Message*>(&into);
    if (message == nullptr) return lite(into);
    return read_object<Format>(tables_, bytes.bytes().view(), options_.read, *message);
  }

 private:
  static Status lite(const google::protobuf::MessageLite& object) {
    return internal_error(object.GetTypeName()
                              .append(" is of protobuf's lite runtime, whose messages have no ")
                              .append(Format::kTitle)
                              .append(" (option optimize_for = LITE_RUNTIME)"));
  }

  const Options options_;
  const std::unique_ptr<const Tables> own_tables_;
  const Tables& tables_;
};

}  // namespace weft::codec
