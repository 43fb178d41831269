#include "weft/http2/hpack/internal/known_blocks.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace weft::http2::internal {
namespace {

std::uint64_t word_at(const std::uint8_t* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

std::string_view text_of(std::span<const std::uint8_t> block) noexcept {
  return {reinterpret_cast<const char*>(block.data()), block.size()};
}

void copy_fields(HeaderFields fields, KnownBlock& into) {
  std::size_t size = 0;
  for (const HeaderField& field : fields) size += field.name.size() + field.value.size();
  into.text.reserve(size);  // at once, since the fields point into it
  into.fields.reserve(fields.size());
  for (const HeaderField& field : fields) {
    const std::size_t at = into.text.size();
    into.text.append(field.name).append(field.value);
    const std::string_view name(into.text.data() + at, field.name.size());
    HeaderField& copy = into.fields.emplace_back(field);
    copy.name = name;
    copy.value = {name.data() + name.size(), field.value.size()};
  }
}

}  // namespace

/// Not keyed: who finds two blocks of one hash gains nothing, as their bytes are compared.
std::uint64_t KnownBlocks::hash_of(std::span<const std::uint8_t> block) noexcept {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // from the golden ratio
  std::uint64_t hash = block.size() * kOdd;
  const std::uint8_t* at = block.data();
  std::size_t left = block.size();
  for (; left >= 8; left -= 8, at += 8) hash = (hash ^ word_at(at)) * kOdd ^ hash >> 29;
  for (; left != 0; --left, ++at) hash = (hash ^ *at) * kOdd;
  return hash ^ hash >> 32;
}

KnownBlock* KnownBlocks::find(std::span<const std::uint8_t> block, std::uint64_t& hash) noexcept {
  KnownBlock*& last = recent(block);
  if (last != nullptr && last->bytes == text_of(block)) [[likely]]
    return last;
  hash = hash_of(block);
  if (slots_ == nullptr) return nullptr;
  KnownBlock* known = (*slots_)[hash % kSlots].block.get();
  if (known == nullptr || known->hash != hash || known->bytes != text_of(block)) return nullptr;
  return last = known;
}

KnownBlock* KnownBlocks::learn(std::span<const std::uint8_t> block, std::uint64_t hash,
                               HeaderFields fields) {
  if (slots_ == nullptr) {
    if (first_ == 0) {
      first_ = hash;
      return nullptr;
    }
    slots_ = std::make_unique<std::array<Slot, kSlots>>();
    (*slots_)[first_ % kSlots].seen = first_;
  }
  Slot& slot = (*slots_)[hash % kSlots];
  if (slot.seen != hash) {
    slot.seen = hash;
    return nullptr;
  }
  std::size_t list = 0;
  for (const HeaderField& field : fields) list += field.size();
  if (block.size() > kLongestBlock || list > kLongestList) return nullptr;
  if (slot.block != nullptr) memory_ -= slot.block->memory();
  recent_ = {};  // one of them may make way
  slot.block = std::make_unique<KnownBlock>();
  slot.block->hash = hash;
  slot.block->bytes = text_of(block);
  copy_fields(fields, *slot.block);
  memory_ += slot.block->memory();
  return slot.block.get();
}

void KnownBlocks::forget() noexcept {
  if (memory_ == 0) return;
  recent_ = {};
  for (Slot& slot : *slots_) slot.block.reset();
  memory_ = 0;
}

}  // namespace weft::http2::internal
