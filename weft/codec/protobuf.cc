#include "weft/codec/protobuf.h"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream.h>
#include <google/protobuf/message.h>

namespace weft::codec {

namespace {

using google::protobuf::MessageLite;

std::size_t size_of(const void* object) {
  return static_cast<const MessageLite*>(object)->ByteSizeLong();
}

void write(const void* object, std::size_t /*size*/, char* out) {
  // size_of() has just cached the sizes of the nested messages.
  static_cast<const MessageLite*>(object)->SerializeWithCachedSizesToArray(
      reinterpret_cast<std::uint8_t*>(out));
}

/// From this size on a message lends its large fields. What is lent has to be written at once, and
/// below a system call more costs what a copy does.
constexpr std::size_t kLendFrom = std::size_t{128} * 1024;

/// Where a large message is written to: blocks that are used again and again, rather than one of
/// its size, whose pages the system would have to provide anew each time. A field for which there
/// is no room in the block is lent where `lends`.
class PieceOutput final : public google::protobuf::io::ZeroCopyOutputStream {
 public:
  PieceOutput(std::string_view head, bool lends, std::vector<Bytes>& pieces)
      : block_(Chunk::allocate(kPieceBlock)), used_(head.size()), lends_(lends), pieces_(pieces) {
    std::copy_n(head.data(), head.size(), block_->data());
  }
  ~PieceOutput() override { seal(); }
  bool Next(void** data, int* size) override {
    if (used_ == block_->capacity()) {
      seal();
      block_ = ChunkRef(Chunk::allocate(kPieceBlock));
      used_ = sealed_ = 0;
    }
    *data = block_->data() + used_;
    *size = static_cast<int>(block_->capacity() - used_);
    count_ += *size;
    used_ = block_->capacity();
    return true;
  }
  void BackUp(int count) override {
    used_ -= static_cast<std::size_t>(count);
    count_ -= count;
  }
  std::int64_t ByteCount() const override { return count_; }
  bool AllowsAliasing() const override { return lends_; }
  bool WriteAliasedRaw(const void* data, int size) override {
    seal();
    pieces_.push_back(
        Bytes::lent({static_cast<const char*>(data), static_cast<std::size_t>(size)}));
    count_ += size;
    return true;
  }

 private:
  /// What was written to the block since the last piece becomes one.
  void seal() {
    if (used_ != sealed_) pieces_.emplace_back(block_, block_->data() + sealed_, used_ - sealed_);
    sealed_ = used_;
  }
  ChunkRef block_;
  std::size_t used_;
  std::size_t sealed_ = 0;
  std::int64_t count_ = 0;
  bool lends_;
  std::vector<Bytes>& pieces_;
};

void write_pieces(const void* object, std::size_t size, std::string_view head,
                  std::vector<Bytes>& pieces) {
  pieces.reserve(size / kPieceBlock + 2);
  PieceOutput output(head, size >= kLendFrom, pieces);
  google::protobuf::io::CodedOutputStream coded(&output);
  coded.EnableAliasing(true);
  static_cast<const MessageLite*>(object)->SerializeWithCachedSizes(&coded);
}

/// What a message is read from that arrived in pieces.
class PieceInput final : public google::protobuf::io::ZeroCopyInputStream {
 public:
  explicit PieceInput(std::span<const Bytes> pieces) noexcept : pieces_(pieces) {}
  bool Next(const void** data, int* size) override {
    while (at_ < pieces_.size() && offset_ == pieces_[at_].size()) {
      ++at_;
      offset_ = 0;
    }
    if (at_ == pieces_.size()) return false;
    *data = pieces_[at_].data() + offset_;
    *size = static_cast<int>(pieces_[at_].size() - offset_);
    offset_ = pieces_[at_].size();
    count_ += *size;
    return true;
  }
  void BackUp(int count) override {
    offset_ -= static_cast<std::size_t>(count);
    count_ -= count;
  }
  bool Skip(int count) override {
    const void* data = nullptr;
    int size = 0;
    while (count > 0 && Next(&data, &size)) {
      if (size > count) BackUp(size - count);
      count -= std::min(size, count);
    }
    return count == 0;
  }
  std::int64_t ByteCount() const override { return count_; }

 private:
  std::span<const Bytes> pieces_;
  std::size_t at_ = 0;
  std::size_t offset_ = 0;
  std::int64_t count_ = 0;
};

/// The same in steps, up to a limit: behind that it is as if nothing more had arrived.
class SteppedInput final : public google::protobuf::io::ZeroCopyInputStream {
 public:
  SteppedInput(std::span<const Bytes> pieces, ParseLimit& limit) noexcept
      : pieces_(pieces), limit_(limit) {}
  bool Next(const void** data, int* size) override {
    if (stopped_) return false;
    const auto done = static_cast<std::size_t>(pieces_.ByteCount());
    const std::size_t step = done == 0 ? ParseLimit::kFirstStep : limit_.next_step(done);
    stopped_ = step == 0;
    if (stopped_ || !pieces_.Next(data, size)) return false;
    const int surplus = *size - static_cast<int>(std::min<std::size_t>(step, INT_MAX));
    if (surplus <= 0) return true;
    pieces_.BackUp(surplus);
    *size -= surplus;
    return true;
  }
  void BackUp(int count) override { pieces_.BackUp(count); }
  bool Skip(int count) override { return pieces_.Skip(count); }
  std::int64_t ByteCount() const override { return pieces_.ByteCount(); }
  bool stopped() const noexcept { return stopped_; }

 private:
  PieceInput pieces_;
  ParseLimit& limit_;
  bool stopped_ = false;
};

// protobuf counts in int: whatever is larger it can neither write, which ends in a crash, nor
// parse.
constexpr MessageOps kProtobufOps{
    .size = size_of, .write = write, .write_pieces = write_pieces, .largest = INT_MAX};

Status too_large(std::size_t size, const MessageLite& into) {
  return resource_exhausted(std::to_string(size) + " bytes are more than a " + into.GetTypeName() +
                            " can hold, 2147483647");
}

/// Why `into` is not what `size` bytes were to be; `parsed`: they are of the wire format.
[[gnu::cold]] Status failure(bool parsed, std::size_t size, const MessageLite& into) {
  if (!parsed) {
    return internal_error(std::to_string(size) + " bytes are not a " + into.GetTypeName());
  }
  return internal_error(std::to_string(size) + " bytes are not a whole " + into.GetTypeName() +
                        ": missing required fields: " + into.InitializationErrorString());
}

Status outcome(bool parsed, std::size_t size, const MessageLite& into) {
  if (parsed && into.IsInitialized()) [[likely]]
    return {};
  return failure(parsed, size, into);
}

/// What `parse` says, or that there is no memory for what it would make.
template <class Parse>
Status parse_within_memory(std::size_t size, MessageLite& into, Parse parse) {
  try {
    return outcome(parse(), size, into);
  } catch (const std::bad_alloc&) {
    return resource_exhausted("no memory to parse a " + into.GetTypeName() + " of " +
                              std::to_string(size) + " bytes");
  }
}

}  // namespace

Message message_of(const MessageLite& message) { return Message(&message, kProtobufOps); }

Result<Bytes> encode(const MessageLite& message) {
  const Message borrowed = message_of(message);
  if (!borrowed.writable()) return too_large(borrowed.size(), message);
  return borrowed.to_bytes();
}

Status parse(const Bytes& bytes, MessageLite& into) {
  if (bytes.size() > INT_MAX) return too_large(bytes.size(), into);
  // ParseFromArray would write to protobuf's log for each message that lacks a required field,
  // which hands the peer a way to fill disks.
  return parse_within_memory(bytes.size(), into, [&] {
    return into.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()));
  });
}

Status parse(const Message& message, MessageLite& into) {
  if (!message.writable()) [[unlikely]]
    return too_large(message.size(), into);
  if (!message.is_bytes()) [[unlikely]]
    return parse(message.to_bytes(), into);
  return parse(message.pieces(), into);
}

Status parse(std::span<const Bytes> pieces, MessageLite& into) {
  if (pieces.size() == 1) [[likely]]
    return parse(pieces.front(), into);
  const std::size_t size = Bytes::total_size(pieces);
  if (size > INT_MAX) return too_large(size, into);
  PieceInput input(pieces);
  // Bounded, so that a field that claims to be longer than the message gets no memory for that.
  return parse_within_memory(size, into, [&] {
    return into.ParsePartialFromBoundedZeroCopyStream(&input, static_cast<int>(size));
  });
}

std::optional<Status> parse_within(ParseLimit& limit, const Message& message, MessageLite& into) {
  if (message.size() <= ParseLimit::kFirstStep || !message.is_bytes() || message.size() > INT_MAX) {
    return parse(message, into);
  }
  SteppedInput input(message.pieces(), limit);
  Status status = parse_within_memory(message.size(), into, [&] {
    return into.ParsePartialFromBoundedZeroCopyStream(&input, static_cast<int>(message.size()));
  });
  if (input.stopped()) return std::nullopt;
  return status;
}

std::size_t memory_of(const google::protobuf::Message& message) { return message.SpaceUsedLong(); }

std::size_t memory_of(const MessageLite& message) {
  const auto* full = dynamic_cast<const google::protobuf::Message*>(&message);
  return full != nullptr ? memory_of(*full) : message.ByteSizeLong();
}

}  // namespace weft::codec
