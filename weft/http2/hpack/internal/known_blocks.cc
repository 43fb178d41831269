#include "weft/http2/hpack/internal/known_blocks.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "weft/http2/hpack/internal/hpack_integer.h"

namespace weft::http2::internal {
namespace {

std::uint64_t word_at(const std::uint8_t* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
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

/// What lies behind the string that is next, or null.
const std::uint8_t* behind_string(HpackInput in) noexcept {
  std::uint32_t size = 0;
  if (in.empty() || read_integer(in, 7, size) != nullptr || size > in.size()) return nullptr;
  return in.at + size;
}

/// What lies behind the field that is next, one that changes no table; null where that is none.
const std::uint8_t* behind_field(HpackInput in) noexcept {
  constexpr std::uint8_t kIndexed = 0x80;
  constexpr std::uint8_t kChanges = 0x60;  // a table size update, or incremental indexing
  const std::uint8_t first = *in.at;
  if ((first & kIndexed) == 0 && (first & kChanges) != 0) return nullptr;
  std::uint32_t index = 0;
  if (read_integer(in, (first & kIndexed) != 0 ? 7 : 4, index) != nullptr) return nullptr;
  if ((first & kIndexed) != 0) return in.at;
  if (index == 0 && (in.at = behind_string(in)) == nullptr) return nullptr;
  return behind_string(in);
}

/// How much of `block` may be known without the rest: the fields within its first `common` bytes.
struct Beginning {
  std::size_t bytes = 0;
  std::size_t fields = 0;
};
Beginning beginning_of(std::span<const std::uint8_t> block, std::size_t common) noexcept {
  Beginning whole;
  const std::uint8_t* const end = block.data() + block.size();
  while (whole.bytes < common) {
    const std::uint8_t* const next = behind_field({block.data() + whole.bytes, end});
    if (next == nullptr || next > block.data() + common) break;
    whole.bytes = static_cast<std::size_t>(next - block.data());
    ++whole.fields;
  }
  return whole;
}

bool starts_with(std::span<const std::uint8_t> block, const std::string& bytes) noexcept {
  return block.size() > bytes.size() && std::memcmp(block.data(), bytes.data(), bytes.size()) == 0;
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
  hash = hash_of(block);
  if (slots_ == nullptr) return nullptr;
  KnownBlock* known = (*slots_)[hash % kSlots].block.get();
  if (known == nullptr || known->hash != hash || known->bytes != text_of(block)) return nullptr;
  return recent(block) = known;
}

KnownBlock* KnownBlocks::find_beginning(std::span<const std::uint8_t> block) noexcept {
  if (beginnings_ == nullptr) return nullptr;
  KnownBlock* longest = nullptr;
  for (const Slot& slot : *beginnings_) {
    KnownBlock* const known = slot.block.get();
    if (known == nullptr || !starts_with(block, known->bytes)) continue;
    if (longest == nullptr || known->bytes.size() > longest->bytes.size()) longest = known;
  }
  return longest;
}

KnownBlock* KnownBlocks::learn(std::span<const std::uint8_t> block, std::uint64_t hash,
                               HeaderFields fields, const KnownBlock* beginning) {
  if (slots_ == nullptr) {
    if (first_ == 0) {
      first_ = hash;
      return nullptr;
    }
    slots_ = std::make_unique<Slots>();
    (*slots_)[first_ % kSlots].seen = first_;
  }
  const std::uint64_t seen = (*slots_)[hash % kSlots].seen;
  if (KnownBlock* const known = learn(block, hash, fields, *slots_)) return known;
  if (seen != hash && beginning == nullptr) learn_beginning(block, fields);
  return nullptr;
}

/// Of the last block and this one, if it is a request's: of others nothing is worth it.
void KnownBlocks::learn_beginning(std::span<const std::uint8_t> block, HeaderFields fields) {
  if (block.size() > kLongestBlock) return;
  const std::string_view text = text_of(block);
  const std::size_t limit = std::min(last_.size(), text.size());
  const auto common = static_cast<std::size_t>(
      std::mismatch(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(limit), last_.begin())
          .first -
      text.begin());
  last_ = text;
  const Beginning found = beginning_of(block, common);
  // Where the last of them is no pseudo-header field, none of those that follow may be one.
  if (found.fields < kFewestFields || fields[found.fields - 1].name.starts_with(':')) return;
  const auto bytes = block.first(found.bytes);
  if (beginnings_ == nullptr) beginnings_ = std::make_unique<Slots>();
  learn(bytes, hash_of(bytes), fields.first(found.fields), *beginnings_);
}

KnownBlock* KnownBlocks::learn(std::span<const std::uint8_t> block, std::uint64_t hash,
                               HeaderFields fields, Slots& slots) {
  Slot& slot = slots[hash % kSlots];
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
  slot.block->list_size = list;
  copy_fields(fields, *slot.block);
  memory_ += slot.block->memory();
  return slot.block.get();
}

void KnownBlocks::forget(KnownBlock* used) noexcept {
  last_.clear();
  if (memory_ == 0) return;
  recent_ = {};
  memory_ = 0;
  for (Slots* slots : {slots_.get(), beginnings_.get()}) {
    if (slots == nullptr) continue;
    for (Slot& slot : *slots) {
      if (slot.block.get() == used && used != nullptr) forgotten_ = std::move(slot.block);
      slot.block.reset();
    }
  }
}

}  // namespace weft::http2::internal
