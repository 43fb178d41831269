#include "weft/http2/stream.h"

#include "weft/http2/internal/stream_record.h"

namespace weft::http2::internal {

HeldFields::HeldFields(HeaderFields fields) {
  std::size_t size = 0;
  for (const HeaderField& field : fields) size += field.name.size() + field.value.size();
  text_.reserve(size);  // the views below point into it
  fields_.reserve(fields.size());
  const auto keep = [this](std::string_view part) {
    const std::size_t start = text_.size();
    text_ += part;
    return std::string_view(text_).substr(start);
  };
  for (const HeaderField& field : fields) {
    HeaderField copy = field;
    copy.name = keep(field.name);
    copy.value = keep(field.value);
    fields_.push_back(copy);
  }
}

void PayloadQueue::pop() noexcept {
  slices_[head_] = Bytes();
  if (++head_ == slices_.size()) {
    slices_.clear();
    head_ = 0;
  } else if (head_ >= 64 && head_ * 2 >= slices_.size()) {
    // A queue that never runs empty must not grow for ever.
    slices_.erase(slices_.begin(), slices_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void PayloadQueue::clear() noexcept {
  slices_.clear();
  head_ = 0;
}

void StreamRecord::begin(std::uint32_t id, std::int64_t send_window,
                         std::int64_t receive_window) noexcept {
  id_ = id;
  user = nullptr;
  local_ended_ = peer_ended_ = false;
  queued_ = 0;
  closed = end_sent = initial_received = head_request = waiting = false;
  content_left = kNoLength;
  headers_end = 0;
  send.reset(send_window);
  receive.reset(receive_window);
}

}  // namespace weft::http2::internal
