#include "weft/rpc/call/metadata.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <new>

#include "weft/base/text/ascii.h"
#include "weft/base/text/characters.h"
#include "weft/base/text/copy_text.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/http2/hpack/header.h"

namespace weft {

namespace {

/// Bytes of the first block of a Metadata: room for an entry or two.
constexpr std::size_t kFirstBlock = 128;

/// `stored` is lower case already.
bool same_name(std::string_view stored, std::string_view name) noexcept {
  if (stored.size() != name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (stored[i] != ascii::lower(name[i])) return false;
  }
  return true;
}

/// Neither an upper-case letter nor what no name has.
inline bool is_name(std::string_view text) noexcept {
  return !has_character(text, [](Characters::Vector c) {
    return ~((c - 'a' < 26) | (c - '0' < 10) | (c == '-') | (c == '_') | (c == '.'));
  });
}

bool is_printable(std::string_view text) noexcept { return all_between<' ', '~'>(text); }

bool is_binary(std::string_view name) noexcept { return name.ends_with("-bin"); }

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// What HTTP/2 (RFC 9113 section 8.2.2) or gRPC itself says about a call. `token`: of the name.
bool is_reserved(std::string_view name, http2::Token token) noexcept {
  using http2::Token;
  switch (token) {
    case Token::Connection:
    case Token::ContentLength:
    case Token::ContentType:
    case Token::Host:
    case Token::KeepAlive:
    case Token::ProxyConnection:
    case Token::Te:
    case Token::TransferEncoding:
    case Token::Upgrade:
      return true;
    default:
      return name == "trailer";
  }
}

bool lies_within(std::string_view view, std::string_view text) noexcept {
  const std::less<const char*> before;
  return !view.empty() && !before(view.data(), text.data()) &&
         before(view.data(), text.data() + text.size());
}

/// Names come from the application, but may be anything: what is quoted stays printable and short.
std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  std::string out = "'";
  for (char c : text.substr(0, kLongest)) out += c >= 0x20 && c <= 0x7e ? c : '?';
  if (text.size() > kLongest) out += "...";
  return out + "'";
}

[[gnu::cold]] Status refused(std::size_t index, std::string_view name, std::string_view rule) {
  return invalid_argument("metadata entry " + std::to_string(index) + ", " + quoted(name) + ": " +
                          std::string(rule));
}

[[gnu::cold]] std::string byte_at(std::string_view text, std::size_t position) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(text[position]);
  return std::string("byte 0x") + kHex[byte >> 4] + kHex[byte & 15] + " at position " +
         std::to_string(position);
}

// gRFC A6: what a server's application puts into its trailers to steer retries. And the trace of
// OpenCensus, which tracers and proxies write.
bool is_grpc_name(std::string_view name) noexcept {
  return name.starts_with("grpc-") && name != "grpc-retry-pushback-ms" && name != "grpc-trace-bin";
}

/// Whether validate_name() has nothing against a name of this token, which is lower case.
inline bool is_allowed_name(std::string_view name, http2::Token token) noexcept {
  using http2::Token;
  switch (token) {
    case Token::Other:
      // One that starts with "grpc-" and may be sent has a token.
      return !name.empty() && !name.starts_with("grpc-") && name != "trailer";
    case Token::Authorization:
    case Token::Cookie:
    case Token::GrpcRetryPushbackMs:
    case Token::Traceparent:
    case Token::Tracestate:
    case Token::Baggage:
    case Token::GrpcTraceBin:
      return true;
    default:
      return false;
  }
}

Status validate_name(std::size_t index, std::string_view name) {
  if (name.empty()) return refused(index, name, "the name is empty");
  for (std::size_t i = 0; !is_name(name); ++i) {
    if (is_name(name.substr(i, 1))) continue;
    return refused(index, name,
                   "a name has characters of [0-9a-z_.-] only, not " + byte_at(name, i));
  }
  if (is_grpc_name(name)) {
    return refused(index, name, "names that start with grpc- are reserved");
  }
  if (is_reserved(name, http2::token_of(name))) {
    return refused(index, name, "the name is reserved for the transport");
  }
  if (name == "user-agent") {
    return refused(index, name, "the name is reserved; it is set with the channel's options");
  }
  return ok_status();
}

Status validate_value(std::size_t index, const Metadata::Entry& entry) {
  if (is_printable(entry.value)) [[likely]]
    return ok_status();
  if (is_binary(entry.name)) return ok_status();
  for (std::size_t i = 0; i < entry.value.size(); ++i) {
    if (entry.value[i] >= 0x20 && entry.value[i] <= 0x7e) continue;
    return refused(
        index, entry.name,
        "a value is printable ASCII unless the name ends in -bin, not " + byte_at(entry.value, i));
  }
  return ok_status();
}

}  // namespace

bool Metadata::may_be_sent(std::string_view name) { return validate_name(0, name).ok(); }

Metadata::Block* Metadata::make(std::size_t capacity) {
  capacity = (capacity + alignof(Span) - 1) / alignof(Span) * alignof(Span);
  return new (coro::allocate_frame(sizeof(Block) + capacity))
      Block{.capacity = static_cast<std::uint32_t>(capacity), .text_size = 0, .count = 0};
}

void Metadata::release(Block* block) noexcept {
  coro::release_frame(block, sizeof(Block) + block->capacity);
}

/// With at least the room that its content takes.
Metadata::Block* Metadata::copy(Block& block, std::size_t capacity) {
  Block* const made = make(capacity);
  made->text_size = block.text_size;
  made->count = block.count;
  if (block.count == 0) return made;
  std::memcpy(made->text(), block.text(), block.text_size);
  const std::size_t last = block.count - 1;
  std::memcpy(&made->span(last), &block.span(last), block.count * sizeof(Span));
  return made;
}

Metadata::Metadata(const Metadata& other, std::size_t more) {
  if (other.empty()) {
    reserve(more);
    return;
  }
  block_ = copy(*other.block_, other.block_->text_size + other.size() * sizeof(Span) + more);
}

inline std::size_t Metadata::used() const noexcept {
  return block_->text_size + block_->count * sizeof(Span);
}

inline std::string_view Metadata::text() const noexcept {
  return block_ == nullptr ? std::string_view()
                           : std::string_view(block_->text(), block_->text_size);
}

std::size_t Metadata::wire_size() const noexcept { return text().size() + kEntryOverhead * size(); }

inline bool Metadata::has_room(std::string_view name, std::string_view value) const noexcept {
  return block_ != nullptr &&
         block_->capacity - used() >= name.size() + value.size() + sizeof(Span);
}

void Metadata::reserve(std::size_t more) {
  if (block_ == nullptr) {
    if (more != 0) block_ = make(std::max(kFirstBlock - sizeof(Block), more));
    return;
  }
  const std::size_t capacity = block_->capacity;
  if (capacity - used() >= more) return;
  Metadata smaller;
  smaller.block_ = std::exchange(block_, copy(*block_, std::max(capacity * 2, used() + more)));
}

/// There is room for it. Its token and marks are not set.
inline Metadata::Span& Metadata::append(std::string_view name, std::string_view value) noexcept {
  const std::uint32_t offset = block_->text_size;
  char* const stored = block_->text() + offset;
  copy_text(stored, name.data(), name.size());
  copy_text(stored + name.size(), value.data(), value.size());
  block_->text_size += static_cast<std::uint32_t>(name.size() + value.size());
  Span& span = block_->span(block_->count++);
  span.offset = offset;
  span.name_size = static_cast<std::uint32_t>(name.size());
  span.value_size = static_cast<std::uint32_t>(value.size());
  return span;
}

void Metadata::add(std::string_view name, std::string_view value) {
  if (!has_room(name, value)) [[unlikely]]
    return add_to_larger(name, value);
  Span& span = append(name, value);
  span.token = http2::token_of(name);
  // Names with a token are lower case.
  bool is_lower = span.token != http2::Token::Other || is_name(name);
  if (!is_lower) [[unlikely]] {
    char* const stored = block_->text() + span.offset;
    std::transform(stored, stored + name.size(), stored, [](char c) { return ascii::lower(c); });
    name = {stored, name.size()};
    span.token = http2::token_of(name);
    is_lower = is_name(name);
  }
  const bool binary = is_binary(name);
  const bool has_blank = !value.empty() && (is_blank(value.front()) || is_blank(value.back()));
  const bool allowed =
      is_lower && is_allowed_name(name, span.token) && (binary || is_printable(value));
  span.marks =
      static_cast<std::uint8_t>((allowed ? kAllowed : 0) | (binary || has_blank ? 0 : kPlain));
}

/// Of a pair that may have been read from here: growing the block pulls it away.
void Metadata::add_to_larger(std::string_view name, std::string_view value) {
  const bool is_own = lies_within(name, text()) || lies_within(value, text());
  const std::string own = is_own ? std::string(name).append(value) : std::string();
  const std::string_view all = own;
  reserve(name.size() + value.size() + sizeof(Span));
  is_own ? add(all.substr(0, name.size()), all.substr(name.size())) : add(name, value);
}

void Metadata::add_received(const http2::HeaderField& field) {
  if (!has_room(field.name, field.value)) [[unlikely]]
    reserve(field.name.size() + field.value.size() + sizeof(Span));
  Span& span = append(field.name, field.value);
  span.token = field.token;
  span.marks = is_binary(field.name) ? 0 : kPlain;
}

std::size_t Metadata::remove(std::string_view name) {
  if (lies_within(name, text())) return remove(std::string(name));
  const std::size_t before = size();
  std::uint32_t kept = 0;
  std::uint32_t end = 0;
  for (std::size_t i = 0; i < before; ++i) {
    const Span span = block_->span(i);
    char* const stored = block_->text() + span.offset;
    if (same_name({stored, span.name_size}, name)) continue;
    const std::uint32_t length = span.name_size + span.value_size;
    std::memmove(block_->text() + end, stored, length);
    Span& moved = block_->span(kept++);
    moved = span;
    moved.offset = end;
    end += length;
  }
  if (block_ != nullptr) {
    block_->count = kept;
    block_->text_size = end;
  }
  return before - kept;
}

void Metadata::clear() noexcept {
  if (block_ != nullptr) block_->count = block_->text_size = 0;
}

std::optional<std::string_view> Metadata::get(std::string_view name) const noexcept {
  for (const Entry entry : *this) {
    if (same_name(entry.name, name)) return entry.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Metadata::get_all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Entry entry : *this) {
    if (same_name(entry.name, name)) values.push_back(entry.value);
  }
  return values;
}

Status Metadata::validate() const {
  for (std::size_t i = 0; i < size(); ++i) {
    if ((block_->span(i).marks & kAllowed) != 0) continue;
    const Entry entry = (*this)[i];
    if (Status status = validate_name(i, entry.name); !status.ok()) return status;
    if (Status status = validate_value(i, entry); !status.ok()) return status;
  }
  return ok_status();
}

}  // namespace weft
