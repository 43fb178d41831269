#include "weft/edge/client/internal/envelope_reader.h"

#include <utility>

#include "weft/rpc/grpc/deframer.h"

namespace weft::edge {
namespace {

// What was read is dropped when it is so much: then moving the rest costs little for each byte.
constexpr std::size_t kDroppedAtOnce = std::size_t{64} * 1024;

std::uint32_t read_u32(std::string_view bytes) noexcept {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

Status unknown_flags(std::uint8_t flags) {
  return Status(StatusCode::Internal,
                "the server sent an envelope with flags " + std::to_string(flags) +
                    ", which the protocol does not have",
                Origin::Peer);
}

}  // namespace

Result<std::optional<Envelope>> EnvelopeReader::next() {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.size() < rpc::kMessagePrefix) {
    drop_read();
    return std::optional<Envelope>();
  }
  const auto flags = static_cast<std::uint8_t>(rest[0]);
  if ((flags & ~(end_flag_ | kCompressed)) != 0) return unknown_flags(flags);
  const bool ends_stream = (flags & end_flag_) != 0;
  const ContentKind& kind = ends_stream ? end_ : message_;
  const std::uint32_t size = read_u32(rest.substr(1));
  if (size > kind.most) return too_large(kind, size);
  if (rest.size() - rpc::kMessagePrefix < size) {
    drop_read();
    return std::optional<Envelope>();
  }
  Envelope envelope{.compressed = (flags & kCompressed) != 0,
                    .ends_stream = ends_stream,
                    .content = Bytes::copy_of(rest.substr(rpc::kMessagePrefix, size))};
  at_ += rpc::kMessagePrefix + size;
  return std::optional<Envelope>(std::move(envelope));
}

void EnvelopeReader::drop_read() {
  if (at_ != buffer_.size() && at_ < kDroppedAtOnce) return;
  buffer_.erase(0, at_);
  at_ = 0;
}

}  // namespace weft::edge
