#include "weft/http2/frame/internal/frame_reader.h"

#include <algorithm>
#include <cstring>

namespace weft::http2::internal {
namespace {

const std::uint8_t* bytes_of(const Bytes& input) noexcept {
  return reinterpret_cast<const std::uint8_t*>(input.data());
}

}  // namespace

bool FrameReader::take_frame(Bytes& input) noexcept {
  // What a split payload was joined in goes with the frame after it, in next().
  const bool at_header = state_ == State::Header && header_filled_ == 0 && split_.empty();
  if (!at_header || input.size() < kFrameHeaderSize) return false;
  const FrameHeader header = read_frame_header(bytes_of(input));
  if (input.size() - kFrameHeaderSize < header.length) return false;
  if (header.type == FrameType::Data) {
    if (header.has(flag::kPadded)) return false;
    padding_ = 0;
    data_ = input;
    data_.remove_prefix(kFrameHeaderSize);
    data_ = data_.first(header.length);
  } else if (header.type <= FrameType::Continuation) {
    payload_ = {bytes_of(input) + kFrameHeaderSize, header.length};
  } else {
    return false;
  }
  // One by one: copied as a whole it would go through memory, and be read back in larger parts than
  // it was written in, for which a processor has to wait.
  header_.length = header.length;
  header_.type = header.type;
  header_.flags = header.flags;
  header_.stream_id = header.stream_id;
  left_ = 0;
  input.remove_prefix(kFrameHeaderSize + header.length);
  return true;
}

FrameReader::Event FrameReader::next(Bytes& input) {
  for (;;) {
    switch (state_) {
      case State::Header:
        return read_header(input);
      case State::PadLength: {
        const Event event = read_pad_length(input);
        if (event != Event::Data) return event;
        break;
      }
      case State::Data:
        return read_data(input);
      case State::Whole:
        return read_whole(input);
      case State::Padding:
        left_ = padding_ - 1;
        state_ = State::Skip;
        break;
      case State::Skip:
        skip(input);
        if (left_ != 0) return Event::NeedMore;
        state_ = State::Header;
        break;
    }
  }
}

FrameReader::Event FrameReader::read_header(Bytes& input) {
  if (header_filled_ == 0 && input.size() >= kFrameHeaderSize) [[likely]] {
    header_ = read_frame_header(bytes_of(input));
    input.remove_prefix(kFrameHeaderSize);
    return begin_payload();
  }
  const std::size_t n = std::min<std::size_t>(kFrameHeaderSize - header_filled_, input.size());
  if (n != 0) std::memcpy(header_bytes_ + header_filled_, input.data(), n);
  header_filled_ = static_cast<std::uint8_t>(header_filled_ + n);
  input.remove_prefix(n);
  if (header_filled_ < kFrameHeaderSize) return Event::NeedMore;
  header_filled_ = 0;
  header_ = read_frame_header(header_bytes_);
  return begin_payload();
}

FrameReader::Event FrameReader::begin_payload() {
  left_ = header_.length;
  if (header_.type == FrameType::Data) {
    padding_ = 0;
    state_ = header_.has(flag::kPadded) ? State::PadLength : State::Data;
  } else if (header_.type <= FrameType::Continuation) {
    state_ = State::Whole;
    split_.clear();
    if (split_.capacity() > kKeptCapacity) split_.shrink_to_fit();
  } else {
    state_ = State::Skip;  // RFC 9113 section 5.5: unknown types are ignored
  }
  return Event::Header;
}

/// Data means that the data of the frame is next.
FrameReader::Event FrameReader::read_pad_length(Bytes& input) noexcept {
  if (left_ == 0) return Event::BadPadding;
  if (input.empty()) return Event::NeedMore;
  padding_ = 1U + *bytes_of(input);
  input.remove_prefix(1);
  if (padding_ > left_) return Event::BadPadding;
  left_ -= padding_;
  state_ = State::Data;
  return Event::Data;
}

FrameReader::Event FrameReader::read_data(Bytes& input) {
  if (left_ != 0 && input.empty()) return Event::NeedMore;
  const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(left_, input.size()));
  data_ = BytesView(input).first(n);
  input.remove_prefix(n);
  left_ -= n;
  if (left_ == 0) {
    // data_complete() must hold until the next call, so the padding is not counted in left_ yet.
    state_ = padding_ > 1 ? State::Padding : State::Header;
  }
  return Event::Data;
}

FrameReader::Event FrameReader::read_whole(Bytes& input) {
  if (split_.empty() && input.size() >= left_) [[likely]] {
    payload_ = {bytes_of(input), left_};
    input.remove_prefix(left_);
  } else {
    // Grows as bytes arrive: a header alone must not make us allocate what it announces.
    const std::size_t n = std::min<std::size_t>(left_ - split_.size(), input.size());
    split_.insert(split_.end(), bytes_of(input), bytes_of(input) + n);
    input.remove_prefix(n);
    if (split_.size() < left_) return Event::NeedMore;
    payload_ = split_;
  }
  state_ = State::Header;
  return Event::Payload;
}

void FrameReader::skip(Bytes& input) noexcept {
  const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(left_, input.size()));
  input.remove_prefix(n);
  left_ -= n;
}

}  // namespace weft::http2::internal
