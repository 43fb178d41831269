#include "weft/codec/json/json.h"

#include <algorithm>
#include <climits>
#include <optional>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message.h>

#include "weft/codec/json/wire_json.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using codec::MessageTable;
using codec::OutputBytes;
using codec::Tables;

// What a thread keeps of a buffer for the next message.
constexpr std::size_t kLargestKept = std::size_t{1} << 20;

enum class Use { Text, Wire };

/// A buffer of the thread, one for each use. Whoever asks for it while it is in use gets a new one.
template <Use use>
class ThreadBuffer {
 public:
  ThreadBuffer() : bytes_(std::move(kept())) { bytes_.clear(); }
  ThreadBuffer(const ThreadBuffer&) = delete;
  ThreadBuffer& operator=(const ThreadBuffer&) = delete;
  ~ThreadBuffer() {
    if (bytes_.capacity() <= kLargestKept) kept() = std::move(bytes_);
  }

  OutputBytes& operator*() noexcept { return bytes_; }
  OutputBytes* operator->() noexcept { return &bytes_; }

 private:
  static OutputBytes& kept() {
    thread_local OutputBytes kept;
    return kept;
  }

  OutputBytes bytes_;
};

/// The table of a type, from `tables` or, where the type may die before them, for one use.
class TableOf {
 public:
  TableOf(const Tables& tables, const pb::Descriptor& type) {
    if (tables.may_keep(type)) [[likely]] {
      table_ = &tables.of(type);
    } else {
      table_ = &own_.emplace().of(type);
    }
  }
  const MessageTable& operator*() const noexcept { return *table_; }

 private:
  std::optional<Tables> own_;
  const MessageTable* table_;
};

Status write(const Tables& tables, const pb::Message& message, const JsonWriteOptions& options,
             OutputBytes& out) {
  const TableOf table(tables, *message.GetDescriptor());
  const std::size_t size = message.ByteSizeLong();
  if (size > INT_MAX) {
    return resource_exhausted("a message of " + std::to_string(size) +
                              " bytes is larger than protobuf can write, 2147483647 bytes");
  }
  ThreadBuffer<Use::Wire> wire;
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(wire->room(size + 1)));
  wire->advance(size);
  return print_json(*table, wire->view(), options, codec::WireOrigin::Own, out);
}

Status read(const Tables& tables, std::string_view json, const JsonReadOptions& options,
            pb::Message& into) {
  const TableOf table(tables, *into.GetDescriptor());
  ThreadBuffer<Use::Wire> wire;
  codec::JsonFault fault;
  into.Clear();
  if (!codec::read_json(*table, json, options, *wire, fault)) {
    return invalid_argument(fault.message());
  }
  const std::string_view bytes = wire->view();
  pb::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                 static_cast<int>(bytes.size()));
  // A level of JSON is up to three messages in each other: an entry, a Value and a Struct.
  input.SetRecursionLimit(3 * std::max(options.max_depth, 0) + 10);
  if (into.MergePartialFromCodedStream(&input) && input.ConsumedEntireMessage()) return {};
  return internal_error("what was read of the JSON is not a " + into.GetTypeName());
}

class JsonCodec final : public Codec {
 public:
  explicit JsonCodec(JsonOptions options)
      : options_(std::move(options)),
        own_tables_(options_.types == nullptr ? nullptr : std::make_unique<Tables>(options_.types)),
        tables_(own_tables_ == nullptr ? Tables::generated() : *own_tables_) {}

  std::string_view name() const noexcept override { return "json"; }

  Result<Message> encode(const pb::MessageLite& object) const override {
    const auto* const message = dynamic_cast<const pb::Message*>(&object);
    if (message == nullptr) return lite(object);
    ThreadBuffer<Use::Text> text;
    Status written = write(tables_, *message, options_.write, *text);
    if (!written.ok()) return written;
    return Message(Bytes::copy_of(text->view()));
  }

  Status decode(const Message& bytes, pb::MessageLite& into) const override {
    auto* const message = dynamic_cast<pb::Message*>(&into);
    if (message == nullptr) return lite(into);
    return read(tables_, bytes.bytes().view(), options_.read, *message);
  }

 private:
  static Status lite(const pb::MessageLite& object) {
    return internal_error(object.GetTypeName() +
                          " is of protobuf's lite runtime, whose messages have no JSON "
                          "(option optimize_for = LITE_RUNTIME)");
  }

  const JsonOptions options_;
  const std::unique_ptr<const Tables> own_tables_;
  const Tables& tables_;
};

}  // namespace

Result<std::string> to_json(const pb::Message& message, const JsonWriteOptions& options) {
  ThreadBuffer<Use::Text> text;
  Status written = write(Tables::generated(), message, options, *text);
  if (!written.ok()) return written;
  return std::string(text->view());
}

Status from_json(std::string_view json, pb::Message& into, const JsonReadOptions& options) {
  return read(Tables::generated(), json, options, into);
}

std::shared_ptr<const Codec> json_codec(JsonOptions options) {
  return std::make_shared<const JsonCodec>(std::move(options));
}

}  // namespace weft
