#include "weft/edge/client/internal/request_body.h"

#include <cstring>
#include <utility>

#include "weft/rpc/grpc/deframer.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {

Result<PackedMessage> pack(const Message& message, const Call& call) {
  if (message.size() > call.max_send_size() || !message.writable()) {
    return resource_exhausted("request message of " + std::to_string(message.size()) +
                              " bytes is larger than the limit of " +
                              std::to_string(call.max_send_size()) +
                              " (ChannelOptions::max_send_size)");
  }
  PackedMessage packed{.bytes = message.to_bytes()};
  const bool compresses = call.compression() != Compression::Identity && !message.uncompressed() &&
                          !packed.bytes.empty();
  if (!compresses) return packed;
  Result<Bytes> smaller = codec::compress(call.compression(), packed.bytes.view());
  if (!smaller.ok()) return smaller.status();
  return PackedMessage{.bytes = *std::move(smaller), .compressed = true};
}

Bytes envelope(const PackedMessage& message) {
  const std::size_t size = message.bytes.size();
  ChunkRef block(Chunk::allocate(rpc::kMessagePrefix + size));
  rpc::write_message_prefix(reinterpret_cast<std::uint8_t*>(block->data()), message.compressed,
                            static_cast<std::uint32_t>(size));
  if (size != 0) std::memcpy(block->data() + rpc::kMessagePrefix, message.bytes.data(), size);
  const char* const data = block->data();
  return Bytes(std::move(block), data, rpc::kMessagePrefix + size);
}

Task<Result<Bytes>> RequestBody::next() {
  if (ended_) co_return Bytes();
  const std::optional<Message> message = co_await call_.requests().read();
  if (!message) co_return Bytes();
  ended_ = message->last();
  Result<PackedMessage> packed = pack(*message, call_);
  if (packed.ok()) co_return envelope(*packed);
  failure_ = packed.status();
  co_return failure_;
}

}  // namespace weft::edge
