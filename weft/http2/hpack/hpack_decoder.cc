#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weft/base/bytes.h"
#include "weft/base/text/copy_text.h"
#include "weft/http2/hpack/hpack.h"
#include "weft/http2/hpack/internal/hpack_decoder_table.h"
#include "weft/http2/hpack/internal/hpack_integer.h"
#include "weft/http2/hpack/internal/hpack_static.h"
#include "weft/http2/hpack/internal/huffman.h"

namespace weft::http2 {
namespace {

/// RFC 9113 section 6.5.2: the peer's encoder starts with this before it has seen our SETTINGS.
constexpr std::size_t kInitialTableSize = 4096;

/// Memory for literals that is kept from block to block however small the blocks are.
constexpr std::size_t kKeptArena = 16 * 1024;
constexpr std::size_t kSmallestArena = 240;

/// Room for a usual gRPC request: a block of 512 bytes.
constexpr std::size_t kFirstFields = 12;

/// Which bits a field's representation begins with (RFC 7541 section 6).
constexpr std::uint8_t kIndexed = 0x80;
constexpr std::uint8_t kIncremental = 0x40;
constexpr std::uint8_t kSizeUpdate = 0x20;
constexpr std::uint8_t kNeverIndexed = 0x10;
constexpr std::uint8_t kHuffman = 0x80;

bool is_size_update(std::uint8_t first) noexcept { return (first & 0xe0) == kSizeUpdate; }

}  // namespace

struct HpackDecoder::State {
  explicit State(Limits given) : limits(given) {
    limits.table_size = std::max(limits.table_size, kInitialTableSize);
  }

  void begin(HeaderFields known, std::size_t known_size);
  Outcome run(HpackInput in, bool at_start);
  void indexed_run(HpackInput& in) noexcept;
  bool short_literal(HpackInput& in);
  bool size_updates(HpackInput& in);
  bool field(HpackInput& in);
  bool indexed(HpackInput& in);
  bool literal(HpackInput& in);
  bool literal_name(HpackInput& in, unsigned prefix, HeaderField& field);
  bool string(HpackInput& in, std::string_view& text);
  const HeaderField* find(std::uint32_t index) const noexcept {
    return index <= kStaticEntries ? &kStaticTable[index] : table.find(index - kStaticEntries - 1);
  }
  void add(const HeaderField& field);
  void grow_fields();
  void reserve_arena(std::size_t encoded);
  bool fail(const char* what) noexcept {
    error = what;
    return false;
  }

  Limits limits;
  HpackDecoderTable table;
  // After a limit was lowered below the size in use: the lowest it was, which the next block must
  // acknowledge by an update to at most this.
  bool update_required = false;
  std::size_t lowered_to = 0;

  HeaderField* fields() const noexcept {
    return reinterpret_cast<HeaderField*>(fields_block ? fields_block->data() : nullptr);
  }

  ChunkRef fields_block;  // they are trivial, so assigning one makes it
  std::uint32_t field_count = 0;
  std::uint32_t field_capacity = 0;
  std::size_t list_size = 0;
  const char* error = "";

  // Holds the strings of this block's literals. Sized once a block, so that they do not move.
  ChunkRef arena;
  char* arena_at = nullptr;  // null until the block's first literal

  std::uint32_t table_changes = 0;
  bool too_large = false;
  bool broken = false;
};
static_assert(std::is_trivially_copyable_v<HeaderField> &&
              std::is_trivially_destructible_v<HeaderField>);

inline void HpackDecoder::State::begin(HeaderFields known, std::size_t known_size) {
  table.settle();
  field_count = 0;
  while (known.size() > field_capacity) [[unlikely]]
    grow_fields();
  if (!known.empty()) std::memcpy(fields(), known.data(), known.size_bytes());
  field_count = static_cast<std::uint32_t>(known.size());
  list_size = known_size;
  too_large = false;
  arena_at = nullptr;
}

void HpackDecoder::State::add(const HeaderField& field) {
  list_size += field.size();
  if (list_size > limits.list_size) [[unlikely]] {
    too_large = true;
    return;
  }
  if (field_count == field_capacity) [[unlikely]]
    grow_fields();
  new (fields() + field_count++) HeaderField(field);
}

void HpackDecoder::State::grow_fields() {
  const std::size_t wanted = field_capacity == 0 ? kFirstFields : field_capacity * std::size_t{2};
  ChunkRef grown(Chunk::allocate(wanted * sizeof(HeaderField)));
  std::uninitialized_copy_n(fields(), field_count, reinterpret_cast<HeaderField*>(grown->data()));
  field_capacity = static_cast<std::uint32_t>(grown->capacity() / sizeof(HeaderField));
  fields_block = std::move(grown);
}

void HpackDecoder::State::reserve_arena(std::size_t encoded) {
  const std::size_t needed = huffman_decoded_bound(encoded);
  const std::size_t size = arena ? arena->capacity() : 0;
  if (needed > size || (size > kKeptArena && needed <= kKeptArena)) {
    arena = ChunkRef();
    arena = ChunkRef(Chunk::allocate(std::max(needed, kSmallestArena)));
  }
  arena_at = arena->data();
}

bool HpackDecoder::State::string(HpackInput& in, std::string_view& text) {
  if (in.empty()) return fail("string is cut off by the block's end");
  const bool huffman = (*in.at & kHuffman) != 0;
  std::uint32_t length = 0;
  if (const char* what = read_integer(in, 7, length)) return fail(what);
  if (length > in.size()) return fail("string is longer than the rest of the block");
  char* const begin = arena_at;
  if (huffman) {
    const HuffmanResult result = huffman_decode({in.at, length}, begin);
    if (result.error != nullptr) return fail(result.error);
    arena_at = result.end;
  } else {
    std::memcpy(begin, in.at, length);  // std::copy() goes byte by byte between two types
    arena_at = begin + length;
  }
  text = {begin, static_cast<std::size_t>(arena_at - begin)};
  in.at += length;
  return true;
}

/// What a warm connection sends is one byte a field. Stops at anything that is not, or that needs a
/// decision, and leaves it to field().
inline void HpackDecoder::State::indexed_run(HpackInput& in) noexcept {
  const std::uint8_t* at = in.at;
  HeaderField* out = fields() + field_count;
  HeaderField* const out_end = fields() + field_capacity;
  std::size_t size = list_size;
  for (; at != in.end && out != out_end; ++at) {
    const std::uint8_t byte = *at;
    if (byte <= kIndexed || byte == 0xff) break;
    const HeaderField* const known = find(byte & 0x7f);
    if (known == nullptr || size + known->size() > limits.list_size) break;
    size += known->size();
    new (out++) HeaderField(*known);
  }
  in.at = at;
  field_count = static_cast<std::uint32_t>(out - fields());
  list_size = size;
}

/// The literal that a warm connection sends: it changes no table, its name is in one, and its value
/// is plain, below 127 bytes, and within the limits. Anything else is left to field(): false, with
/// nothing done.
inline bool HpackDecoder::State::short_literal(HpackInput& in) {
  constexpr std::uint8_t kLongIndex = 0x0f;
  constexpr std::uint8_t kLongLength = 0x7f;  // or Huffman's code
  const std::uint8_t* at = in.at;
  if (in.size() < 3 || (*at & (kIndexed | kIncremental | kSizeUpdate)) != 0) return false;
  const bool sensitive = (*at & kNeverIndexed) != 0;
  std::uint32_t index = *at++ & kLongIndex;
  if (index == kLongIndex) {
    if (*at >= 0x80) return false;
    index += *at++;
  }
  const HeaderField* const known = find(index);
  const std::size_t length = *at++;
  if (index == 0 || known == nullptr || length >= kLongLength) return false;
  if (static_cast<std::size_t>(in.end - at) < length || field_count == field_capacity) return false;
  const std::size_t size = list_size + known->name.size() + length + 32;
  if (size > limits.list_size) return false;
  if (arena_at == nullptr) reserve_arena(in.size());
  copy_text(arena_at, at, length);
  new (fields() + field_count++) HeaderField{.name = known->name,
                                             .value = {arena_at, length},
                                             .token = known->token,
                                             .sensitive = sensitive,
                                             .name_checked = known->checked};
  arena_at += length;
  list_size = size;
  in.at = at + length;
  return true;
}

bool HpackDecoder::State::indexed(HpackInput& in) {
  std::uint32_t index = 0;
  if (const char* what = read_integer(in, 7, index)) return fail(what);
  if (index == 0) return fail("indexed field with index 0");
  const HeaderField* const known = find(index);
  if (known == nullptr) return fail("indexed field beyond the table");
  add(*known);
  return true;
}

bool HpackDecoder::State::literal_name(HpackInput& in, unsigned prefix, HeaderField& field) {
  std::uint32_t index = 0;
  if (const char* what = read_integer(in, prefix, index)) return fail(what);
  if (index == 0) {
    if (!string(in, field.name)) return false;
    field.token = token_of(field.name);
    return true;
  }
  const HeaderField* const known = find(index);
  if (known == nullptr) return fail("literal field whose name is beyond the table");
  field.name = known->name;
  field.token = known->token;
  return true;
}

bool HpackDecoder::State::literal(HpackInput& in) {
  if (arena_at == nullptr) reserve_arena(in.size());
  const std::uint8_t first = *in.at;
  const bool incremental = (first & kIncremental) != 0;
  HeaderField field;
  field.sensitive = !incremental && (first & kNeverIndexed) != 0;
  if (!literal_name(in, incremental ? 6 : 4, field)) return false;
  if (!string(in, field.value)) return false;
  add(field);
  if (incremental) {
    table.insert(field);
    ++table_changes;
  }
  return true;
}

bool HpackDecoder::State::field(HpackInput& in) {
  const std::uint8_t first = *in.at;
  if ((first & kIndexed) != 0) return indexed(in);
  if (is_size_update(first)) {
    return fail("table size update after the block's first field");
  }
  return literal(in);
}

bool HpackDecoder::State::size_updates(HpackInput& in) {
  while (!in.empty() && is_size_update(*in.at)) {
    std::uint32_t size = 0;
    if (const char* what = read_integer(in, 5, size)) return fail(what);
    if (size > limits.table_size) return fail("table size update above our limit");
    if (update_required && size > lowered_to) {
      return fail("table size update above the limit that was lowered in between");
    }
    update_required = false;
    table.resize(size);
    ++table_changes;
  }
  if (update_required) return fail("table size update is missing after our limit was lowered");
  return true;
}

inline HpackDecoder::Outcome HpackDecoder::State::run(HpackInput in, bool at_start) {
  const bool update = at_start && !in.empty() && is_size_update(*in.at);
  if ((update || update_required) && !size_updates(in)) return Outcome::CompressionError;
  for (;;) {
    indexed_run(in);
    if (in.empty()) return too_large ? Outcome::ListTooLarge : Outcome::Ok;
    if (short_literal(in)) {
      while (!in.empty() && short_literal(in)) {
      }
    } else if (!field(in)) {
      return Outcome::CompressionError;
    }
  }
}

HpackDecoder::HpackDecoder(Limits limits) : limits_(limits) {}
HpackDecoder::~HpackDecoder() = default;

HpackDecoder::State& HpackDecoder::state() {
  if (state_ == nullptr) [[unlikely]]
    state_ = std::make_unique<State>(limits_);
  return *state_;
}

HpackDecoder::Outcome HpackDecoder::decode(std::span<const std::uint8_t> rest, HeaderFields known,
                                           std::size_t known_size) {
  State& state = this->state();
  if (state.broken) return Outcome::CompressionError;
  state.begin(known, known_size);
  const Outcome outcome = state.run({rest.data(), rest.data() + rest.size()}, known.empty());
  if (outcome != Outcome::Ok) [[unlikely]] {
    state.field_count = 0;
    state.broken = outcome == Outcome::CompressionError;
  }
  return outcome;
}

void HpackDecoder::set_max_table_size(std::size_t size) noexcept {
  limits_.table_size = size;
  if (state_ == nullptr && size >= kInitialTableSize) return;
  State& state = this->state();
  state.limits.table_size = size;
  if (size >= state.table.max_size()) return;
  state.lowered_to = state.update_required ? std::min(state.lowered_to, size) : size;
  state.update_required = true;
  state.table.resize(size);
}

HeaderFields HpackDecoder::fields() const noexcept {
  if (state_ == nullptr) return {};
  return {state_->fields(), state_->field_count};
}
void HpackDecoder::forget_fields() noexcept {
  if (state_ == nullptr || !state_->fields_block) return;
  // The table's entries that this block brought still lie in its arena.
  state_->table.settle();
  state_->fields_block = ChunkRef();
  state_->field_count = state_->field_capacity = 0;
  state_->arena = ChunkRef();
  state_->arena_at = nullptr;
}
std::uint32_t HpackDecoder::table_changes() const noexcept {
  return state_ == nullptr ? 0 : state_->table_changes;
}
const char* HpackDecoder::error() const noexcept { return state_ == nullptr ? "" : state_->error; }
std::size_t HpackDecoder::memory() const noexcept {
  if (state_ == nullptr) return 0;
  return sizeof(State) + state_->table.memory() + state_->field_capacity * sizeof(HeaderField) +
         (state_->arena ? state_->arena->capacity() : 0);
}
std::size_t HpackDecoder::table_bytes() const noexcept {
  return state_ == nullptr ? 0 : state_->table.size();
}

}  // namespace weft::http2
