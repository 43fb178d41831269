#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/message.h>

#include "weft/codec/codec.h"
#include "weft/codec/schema/object_bytes.h"

namespace weft::codec {

/// The codec of a format. `Format` has
///
///     Options   with `write`, `read` and `types`
///     kName     the content subtype
///     kTitle    the format's name for people: "JSON"
///     Status write(const Tables&, const Message&, const decltype(Options::write)&, OutputBytes&)
///     Status read(const Tables&, std::string_view, const decltype(Options::read)&, Message& into)
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
    Status written = Format::write(tables_, *message, options_.write, *out);
    if (!written.ok()) return written;
    return Message(Bytes::copy_of(out->view()));
  }

  Status decode(const Message& bytes, google::protobuf::MessageLite& into) const override {
    auto* const message = dynamic_cast<google::protobuf::Message*>(&into);
    if (message == nullptr) return lite(into);
    return Format::read(tables_, bytes.bytes().view(), options_.read, *message);
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
