#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "weft/base/text/copy_text.h"
#include "weft/http2/hpack/hpack.h"
#include "weft/http2/hpack/internal/hpack_encoder_table.h"
#include "weft/http2/hpack/internal/hpack_integer.h"
#include "weft/http2/hpack/internal/hpack_static.h"
#include "weft/http2/hpack/internal/huffman.h"

namespace weft::http2 {
namespace {

/// What is done with a field that is not in a table.
enum class Policy : std::uint8_t {
  Index,          ///< it tends to be the same in every block
  IndexOnRepeat,  ///< unknown: entered when the value, or else the name, comes a second time
  SeatName,       ///< the value changes, but the name is long: the first one enters it
  Literal,        ///< the value changes, or is rare
  Never,          ///< a secret: no table on the way may keep it (RFC 7541 section 7.1.3)
};

/// A secret can be guessed through the sizes of compressed blocks only as a whole, since the table
/// matches whole values (RFC 7541 section 7.1). Shorter ones might be; a bearer token is not. A
/// password in Basic credentials is of few bits however long its name is.
constexpr std::size_t kGuessableCookie = 20;
constexpr std::size_t kGuessableToken = 64;

bool is_guessable(std::string_view credentials) noexcept {
  constexpr std::string_view kBasic = "basic ";
  if (credentials.size() < kGuessableToken) return true;
  return std::equal(kBasic.begin(), kBasic.end(), credentials.begin(),
                    [](char lower, char c) { return lower == (c | 0x20); });
}

Policy policy_of(Token token, const HeaderField& field) noexcept {
  switch (token) {
    case Token::Other:
    case Token::Tracestate:
    case Token::Baggage:
    case Token::GrpcMessage:  // many calls that fail do so for the same reason
      return Policy::IndexOnRepeat;
    case Token::Authorization:  // a gateway sends that of another user each time
      return is_guessable(field.value) ? Policy::Never : Policy::IndexOnRepeat;
    case Token::Cookie:
      return field.value.size() < kGuessableCookie ? Policy::Never : Policy::Index;
    case Token::GrpcTimeout:
    case Token::GrpcPreviousRpcAttempts:
    case Token::Traceparent:
    case Token::GrpcTraceBin:
      return Policy::SeatName;
    case Token::ContentLength:
    case Token::GrpcStatusDetailsBin:
    case Token::GrpcRetryPushbackMs:
      return Policy::Literal;
    default:
      return Policy::Index;
  }
}

/// A field larger than this part of the table would evict too much of what repeats. Tokens are
/// long, and cost their length on every call that does not find them in the table.
constexpr std::size_t share_of(Token token) noexcept {
  return token == Token::Authorization || token == Token::Cookie ? 2 : 4;
}

/// Blocks between two that evict entries: where more repeats than the table holds, entries that
/// chase each other out cost more than literals.
constexpr std::uint8_t kBlocksPerEviction = 32;

constexpr std::uint8_t kIndexed = 0x80;
constexpr std::uint8_t kIncremental = 0x40;
constexpr std::uint8_t kSizeUpdate = 0x20;
constexpr std::uint8_t kNeverIndexed = 0x10;
constexpr std::uint8_t kNotIndexed = 0x00;
constexpr std::uint8_t kHuffman = 0x80;

/// A literal's longest form: a first byte, and a length before either string.
constexpr std::size_t kFieldOverhead = 1 + 2 * kMaxInteger;

inline std::uint8_t* write_plain(std::uint8_t* out, std::string_view text) noexcept {
  out = write_integer(out, 7, 0, text.size());
  copy_text(out, text.data(), text.size());
  return out + text.size();
}

std::uint8_t* write_string(std::uint8_t* out, std::string_view text) noexcept {
  const std::size_t coded = huffman_size(text);
  if (coded >= text.size()) return write_plain(out, text);
  return huffman_encode(text, write_integer(out, 7, kHuffman, coded));
}

/// A field that is entered into the table. Huffman's code saves a fifth of the bytes and costs both
/// sides more than all else in a block, so it is for what is sent once.
std::uint8_t* write_entered(std::uint8_t* out, std::uint32_t name_index,
                            const HeaderField& field) noexcept {
  out = write_integer(out, 6, kIncremental, name_index);
  if (name_index == 0) out = write_string(out, field.name);
  return write_string(out, field.value);
}

/// One that is not; `pattern` says whether others may.
inline std::uint8_t* write_literal(std::uint8_t* out, std::uint8_t pattern,
                                   std::uint32_t name_index, const HeaderField& field) noexcept {
  out = write_integer(out, 4, pattern, name_index);
  if (name_index == 0) [[unlikely]]
    out = write_plain(out, field.name);
  return write_plain(out, field.value);
}

/// A set of tokens as bits.
constexpr std::uint32_t set_of(std::initializer_list<Token> tokens) noexcept {
  std::uint32_t set = 0;
  for (const Token token : tokens) set |= 1U << static_cast<unsigned>(token);
  return set;
}
constexpr bool contains(std::uint32_t set, Token token) noexcept {
  return (set >> static_cast<unsigned>(token) & 1) != 0;
}
static_assert(kTokenCount <= 32);

/// Names whose static entries have values worth a look before the dynamic table.
constexpr std::uint32_t kStaticValues = set_of({Token::Status, Token::Method, Token::Scheme});

/// Names of Policy::SeatName, none of which is in the static table.
constexpr std::uint32_t kSeated = set_of(
    {Token::GrpcTimeout, Token::GrpcPreviousRpcAttempts, Token::Traceparent, Token::GrpcTraceBin});

/// The index of the static entry for `:status: 200`, `:method: POST` and the like, or 0.
inline std::uint32_t static_value(Token token, std::string_view value) noexcept {
  const std::uint32_t first = kStaticNameOfToken[static_cast<std::size_t>(token)];
  for (std::uint32_t i = first; kStaticTable[i].token == token; ++i) {
    if (same_text(kStaticTable[i].value, value)) return i;
  }
  return 0;
}

}  // namespace

struct HpackEncoder::State {
  std::uint8_t* write_field(const HeaderField& field, std::uint8_t* out);
  std::uint8_t* write_unmatched(const HeaderField& field, const HpackEncoderTable::Key& key,
                                std::uint32_t name_index, std::uint8_t* out);
  std::uint8_t* write_size_updates(std::uint8_t* out) noexcept;
  bool seen_before(std::uint32_t hash);
  bool is_inserted(Policy policy, const HpackEncoderTable::Key& key, std::uint32_t hash,
                   bool has_name);

  HpackEncoderTable table;

  // Section 4.2: of several changes between two blocks the lowest is signalled, then the last.
  bool size_changed = false;
  std::uint16_t lowest_size = HpackEncoderTable::kMaxSize;
  std::uint16_t last_size = HpackEncoderTable::kMaxSize;

  // Since the last one that evicted entries, at most kBlocksPerEviction.
  std::uint8_t quiet_blocks = kBlocksPerEviction;

  // Counted here and handed to the encoder's version.
  std::uint32_t table_changes = 0;

  // Hashes of unknown fields and of their names sent lately: a tenant's name is entered the second
  // time, and so is a request id, for the sake of its name. Each has two places, so that two hashes
  // that meet in one do not keep each other out for ever. Made for the first.
  using Seen = std::array<std::uint32_t, 16>;
  std::unique_ptr<Seen> seen;
  std::uint8_t turn = 0;  // chooses among the two, in no short cycle
};

bool HpackEncoder::State::seen_before(std::uint32_t hash) {
  if (seen == nullptr) seen = std::make_unique<Seen>();
  std::uint32_t& one = (*seen)[hash % seen->size()];
  std::uint32_t& other = (*seen)[hash / seen->size() % seen->size()];
  if (one == hash || other == hash) return true;
  turn = static_cast<std::uint8_t>(turn * 5 + 3);  // each number once in 256
  (turn < 128 ? one : other) = hash;
  return false;
}

/// Whether a field that is not in the table is entered; of one whose name is neither, the name is
/// worth it, too.
bool HpackEncoder::State::is_inserted(Policy policy, const HpackEncoderTable::Key& key,
                                      std::uint32_t hash, bool has_name) {
  bool wanted = policy == Policy::Index || (policy == Policy::SeatName && !has_name);
  if (policy == Policy::IndexOnRepeat) {
    wanted = seen_before(hash);
    if (!has_name) wanted = seen_before(HpackEncoderTable::name_hash(key)) || wanted;
  }
  return wanted && (quiet_blocks == kBlocksPerEviction || !table.evicts(key));
}

inline std::uint8_t* HpackEncoder::State::write_field(const HeaderField& field, std::uint8_t* out) {
  const Token token = field.token != Token::Other ? field.token : token_of(field.name);
  const HpackEncoderTable::Key key{token, field.name, field.value};
  std::uint32_t name_index = 0;
  if (!field.sensitive) [[likely]] {
    std::uint32_t index = contains(kStaticValues, token) ? static_value(token, field.value) : 0;
    bool has_value = index != 0;
    if (index == 0) index = table.find_last(key, has_value);
    if (has_value) return write_integer(out, 7, kIndexed, index);
    // A name with another token may be in the static table, whose indexes are shorter.
    if (token == Token::Other || contains(kSeated, token)) name_index = index;
  }
  return write_unmatched(field, key, name_index, out);
}

std::uint8_t* HpackEncoder::State::write_unmatched(const HeaderField& field,
                                                   const HpackEncoderTable::Key& key,
                                                   std::uint32_t name_index, std::uint8_t* out) {
  if (name_index != 0 && key.token != Token::Other) {
    return write_literal(out, kNotIndexed, name_index, field);
  }
  Policy policy = field.sensitive ? Policy::Never : policy_of(key.token, field);
  const bool fits = HpackEncoderTable::size_of(key) <= table.max_size() / share_of(key.token);
  if (!fits && policy != Policy::Never) policy = Policy::Literal;

  std::uint32_t hash = 0;
  if (policy == Policy::Index || policy == Policy::IndexOnRepeat) {
    hash = HpackEncoderTable::hash_of(key);
    const std::uint32_t index = table.find_exact(key, hash);
    if (index != 0) return write_integer(out, 7, kIndexed, index);
  }
  if (name_index == 0) {
    name_index = static_name(key.token, field.name);
    if (policy != Policy::Never && name_index != 0) {
      const std::uint32_t index = static_exact(name_index, field.value);
      if (index != 0) return write_integer(out, 7, kIndexed, index);
    }
    if (name_index == 0) name_index = table.find_name(key);
  }
  if (is_inserted(policy, key, hash, name_index != 0)) {
    if (table.evicts(key)) quiet_blocks = 0;
    table.insert(key, policy == Policy::SeatName ? HpackEncoderTable::hash_of(key) : hash);
    ++table_changes;
    return write_entered(out, name_index, field);
  }
  const std::uint8_t pattern = policy == Policy::Never ? kNeverIndexed : kNotIndexed;
  return write_literal(out, pattern, name_index, field);
}

std::uint8_t* HpackEncoder::State::write_size_updates(std::uint8_t* out) noexcept {
  if (lowest_size < std::min<std::size_t>(last_size, table.max_size())) {
    table.resize(lowest_size);
    out = write_integer(out, 5, kSizeUpdate, lowest_size);
  }
  table.resize(last_size);
  out = write_integer(out, 5, kSizeUpdate, last_size);
  lowest_size = last_size;
  size_changed = false;
  ++table_changes;
  return out;
}

HpackEncoder::HpackEncoder() = default;
HpackEncoder::~HpackEncoder() = default;

HpackEncoder::State& HpackEncoder::state() {
  if (state_ == nullptr) [[unlikely]]
    state_ = std::make_unique<State>();
  return *state_;
}

void HpackEncoder::set_max_table_size(std::size_t size) noexcept {
  if (state_ == nullptr && size >= HpackEncoderTable::kMaxSize) return;  // as it begins
  State& state = this->state();
  state.last_size = static_cast<std::uint16_t>(std::min(size, HpackEncoderTable::kMaxSize));
  state.lowest_size = std::min(state.lowest_size, state.last_size);
  ++version_;
  state.size_changed =
      state.last_size != state.table.max_size() || state.lowest_size < state.table.max_size();
}

std::size_t HpackEncoder::bound(HeaderFields fields) const noexcept {
  std::size_t bytes = 2 * kMaxInteger;  // table size updates
  for (const HeaderField& field : fields) {
    bytes += kFieldOverhead + field.name.size() + field.value.size();
  }
  return bytes;
}

std::uint8_t* HpackEncoder::encode(HeaderFields fields, std::uint8_t* out) {
  State& state = this->state();
  const std::uint32_t before = state.table_changes;
  if (state.size_changed) [[unlikely]]
    out = state.write_size_updates(out);
  if (state.quiet_blocks != kBlocksPerEviction) [[unlikely]]
    ++state.quiet_blocks;
  for (const HeaderField& field : fields) out = state.write_field(field, out);
  version_ += state.table_changes - before;
  return out;
}

std::uint8_t* HpackEncoder::encode_fixed(HeaderFields fields, FixedBlock& block,
                                         std::uint8_t* out) {
  if (is_current(block)) [[likely]] {
    block.copy_to(out);
    return out + block.size();
  }
  const std::uint32_t before = version_;
  std::uint8_t* const end = encode(fields, out);
  const auto size = static_cast<std::size_t>(end - out);
  // A block that has changed the table says something else the next time.
  const bool repeats = version_ == before && size <= FixedBlock::kLongest;
  block.size_ = repeats ? static_cast<std::uint8_t>(size) : std::uint8_t{0};
  block.version_ = before;
  if (repeats) std::copy_n(out, size, block.bytes_);
  return end;
}

}  // namespace weft::http2
