#include "weft/http2/session/stream.h"

#include "weft/base/free_lists.h"
#include "weft/http2/session/internal/stream_record.h"

namespace weft::http2 {

std::size_t Stream::queued() const noexcept {
  return static_cast<const internal::StreamRecord*>(this)->queue.size();
}

namespace internal {
namespace {

/// As many records stay with the thread for later streams, some thousand calls' worth.
struct RecordSizes {
  static constexpr std::size_t kClasses = 1;
  static constexpr std::uint32_t room(std::size_t) noexcept { return 4096; }
};
using Records = FreeLists<RecordSizes>;

}  // namespace

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

void PayloadQueue::push(Bytes slice) {
  if (waiting_ == nullptr) waiting_ = std::make_unique<Waiting>();
  waiting_->size += slice.size();
  std::vector<Bytes>& slices = waiting_->slices;
  if (slice.owns()) return slices.push_back(std::move(slice));
  BlockCopies copies;
  copies.add(slice.view(), [&slices](Bytes piece) { slices.push_back(std::move(piece)); });
}

void PayloadQueue::pop() noexcept {
  auto& [size, slices, head, held] = *waiting_;
  slices[head] = Bytes();
  if (++head == slices.size()) {
    slices.clear();
    head = 0;
  } else if (head >= 64 && head * 2 >= slices.size()) {
    // A queue that never runs empty must not grow for ever.
    slices.erase(slices.begin(), slices.begin() + static_cast<std::ptrdiff_t>(head));
    head = 0;
  }
}

void* StreamRecord::operator new(std::size_t size) {
  static_assert(sizeof(StreamRecord) >= sizeof(FreeBlock));
  void* block = Records::take(0);
  return block != nullptr ? block : ::operator new(size);
}

void StreamRecord::operator delete(void* memory) noexcept { Records::release(0, memory); }

void StreamRecord::begin(std::uint32_t id, std::int64_t send_window,
                         std::int64_t receive_window) noexcept {
  id_ = id;
  send.reset(send_window);
  receive.reset(receive_window);
}

}  // namespace internal
}  // namespace weft::http2
