#include "weft/edge/websocket/internal/frame.h"

#include <algorithm>
#include <utility>

#include "weft/base/text/text_cut.h"
#include "weft/base/text/utf8.h"

namespace weft::edge {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength = 0x7f;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;
constexpr std::size_t kMask = 4;

constexpr bool is_control(Opcode opcode) noexcept { return opcode >= Opcode::Close; }

constexpr bool is_known(std::uint8_t opcode) noexcept {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

/// RFC 6455 section 7.4.2; 1012 to 1014 are IANA's.
constexpr bool may_be_sent(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

std::size_t length_bytes(std::uint8_t second) noexcept {
  const std::uint8_t length = second & kLength;
  return length == kLength16 ? 2 : length == kLength64 ? 8 : 0;
}

}  // namespace

FrameReader::Outcome FrameReader::next(std::string_view& bytes, Item& item) {
  if (!in_payload_) {
    if (!take_head(bytes)) return violation_.why.empty() ? Outcome::NeedMore : Outcome::Refused;
    in_payload_ = true;
  }
  return is_control(opcode_) ? take_control(bytes, item) : take_data(bytes, item);
}

/// False where it is not whole, or refused.
bool FrameReader::take_head(std::string_view& bytes) {
  while (head_at_ < head_size()) {
    if (bytes.empty()) return false;
    head_[head_at_++] = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    if (head_at_ == 2 && !check_head()) return false;
  }
  head_at_ = 0;
  mask_at_ = 0;
  part_.clear();
  return read_length();
}

std::size_t FrameReader::head_size() const noexcept {
  return head_at_ < 2 ? 2 : 2 + length_bytes(head_[1]) + kMask;
}

bool FrameReader::refuse(std::string why) {
  violation_ = {CloseCode::ProtocolError, std::move(why)};
  return false;
}

/// Looks at the first two bytes (RFC 6455 sections 5.1 to 5.5).
bool FrameReader::check_head() {
  const std::uint8_t opcode = head_[0] & 0x0f;
  const std::uint8_t length = head_[1] & kLength;
  if ((head_[0] & kReserved) != 0) return refuse("a reserved bit is set: no extension is in use");
  if (!is_known(opcode)) return refuse("the opcode " + std::to_string(opcode) + " is reserved");
  if ((head_[1] & kMasked) == 0) return refuse("a frame of a client is not masked");
  last_ = (head_[0] & kFin) != 0;
  opcode_ = static_cast<Opcode>(opcode);
  if (is_control(opcode_)) {
    if (!last_) return refuse("a control frame is fragmented");
    if (length > kMostControl) return refuse("a control frame is larger than 125 bytes");
    return true;
  }
  begins_ = opcode_ != Opcode::Continuation;
  if (begins_ && message_) return refuse("a message begins within another one");
  if (!begins_ && !message_) return refuse("a frame continues no message");
  if (begins_) message_ = opcode_;
  opcode_ = *message_;
  return true;
}

bool FrameReader::read_length() {
  const std::size_t size = length_bytes(head_[1]);
  left_ = head_[1] & kLength;
  if (size == 0) return true;
  left_ = 0;
  for (std::size_t i = 0; i < size; ++i) left_ = left_ << 8 | head_[2 + i];
  if (left_ >> 63 != 0) return refuse("the length of a frame is beyond 63 bits");
  if (left_ < kLength16 || (size == 8 && left_ <= 0xffff)) {
    return refuse("the length of a frame is not in its shortest form");
  }
  return true;
}

void FrameReader::unmask(std::string_view masked, char* into) noexcept {
  const std::uint8_t* const mask = &head_[2 + length_bytes(head_[1])];
  for (const char c : masked) *into++ = static_cast<char>(c ^ mask[mask_at_++ % kMask]);
}

FrameReader::Outcome FrameReader::take_control(std::string_view& bytes, Item& item) {
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  part_.resize(part_.size() + size);
  unmask(bytes.substr(0, size), part_.data() + part_.size() - size);
  bytes.remove_prefix(size);
  left_ -= size;
  if (left_ != 0) return Outcome::NeedMore;
  in_payload_ = false;
  item = {.opcode = opcode_, .payload = part_, .begins = true, .ends = true};
  return Outcome::Item;
}

FrameReader::Outcome FrameReader::take_data(std::string_view& bytes, Item& item) {
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  if (size == 0 && left_ != 0) return Outcome::NeedMore;
  part_.resize(size);
  unmask(bytes.substr(0, size), part_.data());
  bytes.remove_prefix(size);
  left_ -= size;
  in_payload_ = left_ != 0;
  const bool ends = last_ && !in_payload_;
  item = {
      .opcode = opcode_, .payload = part_, .begins = std::exchange(begins_, false), .ends = ends};
  if (ends) message_.reset();
  return Outcome::Item;
}

std::size_t write_frame_head(char* into, Opcode opcode, std::size_t payload) noexcept {
  const std::size_t length = payload < kLength16 ? 0 : payload <= 0xffff ? 2 : 8;
  into[0] = static_cast<char>(kFin | static_cast<std::uint8_t>(opcode));
  into[1] = static_cast<char>(length == 0 ? payload : length == 2 ? kLength16 : kLength64);
  for (std::size_t i = 0; i < length; ++i) {
    into[2 + i] = static_cast<char>(std::uint64_t{payload} >> 8 * (length - 1 - i));
  }
  return 2 + length;
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  std::array<char, kMostFrameHead> head;
  out.append(head.data(), write_frame_head(head.data(), opcode, payload.size())).append(payload);
}

void append_close(std::string& out, CloseCode code, std::string_view reason) {
  const auto number = static_cast<std::uint16_t>(code);
  std::string payload{static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
  payload.append(utf8_prefix(reason, kMostControl - payload.size()));
  append_frame(out, Opcode::Close, payload);
}

std::optional<CloseReason> read_close(std::string_view payload, Violation& violation) {
  CloseReason reason;
  if (payload.empty()) return reason;
  violation.code = CloseCode::ProtocolError;
  violation.why = "a Close frame has one byte, which is no code";
  if (payload.size() == 1) return std::nullopt;
  reason.code = static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8 |
                                           static_cast<std::uint8_t>(payload[1]));
  reason.text = payload.substr(2);
  violation.why = "the code " + std::to_string(reason.code) + " is not for a Close frame";
  if (!may_be_sent(reason.code)) return std::nullopt;
  violation = {CloseCode::NotUtf8, "the reason of a Close frame is not UTF-8"};
  if (!is_utf8(reason.text)) return std::nullopt;
  return reason;
}

}  // namespace weft::edge
