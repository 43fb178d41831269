#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "weft/http2/hpack.h"
#include "weft/http2/internal/hpack_decoder_table.h"
#include "weft/http2/internal/hpack_integer.h"
#include "weft/http2/internal/hpack_static.h"
#include "weft/http2/internal/huffman.h"

namespace weft::http2 {
namespace {

/// RFC 9113 section 6.5.2: the peer's encoder starts with this before it has seen our SETTINGS.
constexpr std::size_t kInitialTableSize = 4096;

/// Memory for literals that is kept from block to block however small the blocks are.
constexpr std::size_t kKeptArena = 16 * 1024;
constexpr std::size_t kSmallestArena = 128;

/// Which bits a field's representation begins with (RFC 7541 section 6).
constexpr std::uint8_t kIndexed = 0x80;
constexpr std::uint8_t kIncremental = 0x40;
constexpr std::uint8_t kSizeUpdate = 0x20;
constexpr std::uint8_t kNeverIndexed = 0x10;
constexpr std::uint8_t kHuffman = 0x80;

}  // namespace

struct HpackDecoder::State {
  explicit State(Limits given) : limits(given) {
    limits.table_size = std::max(limits.table_size, kInitialTableSize);
  }

  Outcome run(HpackInput in);
  bool size_updates(HpackInput& in);
  bool indexed(HpackInput& in);
  bool literal(HpackInput& in);
  bool literal_name(HpackInput& in, unsigned prefix, HpackDecoderTable::Entry& entry);
  bool string(HpackInput& in, const char*& data, std::uint32_t& size);
  void add(const HeaderField& field);
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

  std::vector<HeaderField> fields;
  std::size_t list_size = 0;
  bool too_large = false;
  const char* error = "";
  bool broken = false;

  // Holds the strings of this block's literals. Sized once a block, so that they do not move.
  std::unique_ptr<char[]> arena;
  std::size_t arena_size = 0;
  char* arena_at = nullptr;  // null until the block's first literal
};

void HpackDecoder::State::add(const HeaderField& field) {
  list_size += field.size();
  if (list_size > limits.list_size) [[unlikely]] {
    too_large = true;
    return;
  }
  fields.push_back(field);
}

void HpackDecoder::State::reserve_arena(std::size_t encoded) {
  const std::size_t needed = huffman_decoded_bound(encoded);
  if (needed > arena_size || (arena_size > kKeptArena && needed <= kKeptArena)) {
    const std::size_t size = std::max(needed, kSmallestArena);
    arena.reset();
    arena.reset(new char[size]);
    arena_size = size;
  }
  arena_at = arena.get();
}

bool HpackDecoder::State::string(HpackInput& in, const char*& data, std::uint32_t& size) {
  if (in.empty()) return fail("string is cut off by the block's end");
  const bool huffman = (*in.at & kHuffman) != 0;
  std::uint32_t length = 0;
  if (const char* what = read_integer(in, 7, length)) return fail(what);
  if (length > in.size()) return fail("string is longer than the rest of the block");
  data = arena_at;
  if (huffman) {
    const HuffmanResult result = huffman_decode({in.at, length}, arena_at);
    if (result.error != nullptr) return fail(result.error);
    size = static_cast<std::uint32_t>(result.end - arena_at);
  } else {
    std::copy_n(in.at, length, arena_at);
    size = length;
  }
  arena_at += size;
  in.at += length;
  return true;
}

inline bool HpackDecoder::State::indexed(HpackInput& in) {
  std::uint32_t index = 0;
  if (const char* what = read_integer(in, 7, index)) return fail(what);
  if (index <= kStaticEntries) {
    if (index == 0) return fail("indexed field with index 0");
    add(kStaticTable[index]);
    return true;
  }
  const HpackDecoderTable::Entry* entry = table.find(index - kStaticEntries - 1);
  if (entry == nullptr) return fail("indexed field beyond the table");
  add({.name = {entry->name, entry->name_size},
       .value = {entry->value, entry->value_size},
       .token = entry->token});
  return true;
}

bool HpackDecoder::State::literal_name(HpackInput& in, unsigned prefix,
                                       HpackDecoderTable::Entry& entry) {
  std::uint32_t index = 0;
  if (const char* what = read_integer(in, prefix, index)) return fail(what);
  if (index == 0) {
    if (!string(in, entry.name, entry.name_size)) return false;
    entry.token = token_of({entry.name, entry.name_size});
    return true;
  }
  if (index <= kStaticEntries) {
    const HeaderField& known = kStaticTable[index];
    entry.name = known.name.data();
    entry.name_size = static_cast<std::uint32_t>(known.name.size());
    entry.token = known.token;
    entry.static_name = true;
    return true;
  }
  const HpackDecoderTable::Entry* known = table.find(index - kStaticEntries - 1);
  if (known == nullptr) return fail("literal field whose name is beyond the table");
  entry.name = known->name;
  entry.name_size = known->name_size;
  entry.token = known->token;
  entry.static_name = known->static_name;
  return true;
}

bool HpackDecoder::State::literal(HpackInput& in) {
  if (arena_at == nullptr) reserve_arena(in.size());
  const std::uint8_t first = *in.at;
  const bool incremental = (first & kIncremental) != 0;
  HpackDecoderTable::Entry entry{};
  if (!literal_name(in, incremental ? 6 : 4, entry)) return false;
  if (!string(in, entry.value, entry.value_size)) return false;
  add({.name = {entry.name, entry.name_size},
       .value = {entry.value, entry.value_size},
       .token = entry.token,
       .sensitive = !incremental && (first & kNeverIndexed) != 0});
  if (incremental) table.insert(entry);
  return true;
}

bool HpackDecoder::State::size_updates(HpackInput& in) {
  while (!in.empty() && (*in.at & 0xe0) == kSizeUpdate) {
    std::uint32_t size = 0;
    if (const char* what = read_integer(in, 5, size)) return fail(what);
    if (size > limits.table_size) return fail("table size update above our limit");
    if (update_required && size > lowered_to) {
      return fail("table size update above the limit that was lowered in between");
    }
    update_required = false;
    table.resize(size);
  }
  if (update_required) return fail("table size update is missing after our limit was lowered");
  return true;
}

HpackDecoder::Outcome HpackDecoder::State::run(HpackInput in) {
  if (!size_updates(in)) return Outcome::CompressionError;
  while (!in.empty()) {
    if ((*in.at & kIndexed) != 0) {
      if (!indexed(in)) return Outcome::CompressionError;
    } else if ((*in.at & 0xe0) == kSizeUpdate) {
      fail("table size update after the block's first field");
      return Outcome::CompressionError;
    } else if (!literal(in)) {
      return Outcome::CompressionError;
    }
  }
  return too_large ? Outcome::ListTooLarge : Outcome::Ok;
}

HpackDecoder::HpackDecoder(Limits limits) : state_(std::make_unique<State>(limits)) {}
HpackDecoder::~HpackDecoder() = default;

HpackDecoder::Outcome HpackDecoder::decode(std::span<const std::uint8_t> block) {
  State& state = *state_;
  if (state.broken) return Outcome::CompressionError;
  state.table.settle();
  state.fields.clear();
  state.list_size = 0;
  state.too_large = false;
  state.arena_at = nullptr;
  const Outcome outcome = state.run({block.data(), block.data() + block.size()});
  if (outcome != Outcome::Ok) [[unlikely]] {
    state.fields.clear();
    state.broken = outcome == Outcome::CompressionError;
  }
  return outcome;
}

void HpackDecoder::set_max_table_size(std::size_t size) noexcept {
  State& state = *state_;
  state.limits.table_size = size;
  if (size >= state.table.max_size()) return;
  state.lowered_to = state.update_required ? std::min(state.lowered_to, size) : size;
  state.update_required = true;
  state.table.resize(size);
}

HeaderFields HpackDecoder::fields() const noexcept { return state_->fields; }
const char* HpackDecoder::error() const noexcept { return state_->error; }
std::size_t HpackDecoder::table_bytes() const noexcept { return state_->table.size(); }

}  // namespace weft::http2
