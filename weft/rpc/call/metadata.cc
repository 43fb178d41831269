#include "weft/rpc/call/metadata.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <new>

#include "weft/base/ascii.h"
#include "weft/coro/frame_pool.h"

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

bool is_name_character(char c) noexcept {
  return ascii::is_lower(c) || ascii::is_digit(c) || c == '_' || c == '.' || c == '-';
}

/// What HTTP/2 (RFC 9113 section 8.2.2) or gRPC itself says about a call.
constexpr std::array<std::string_view, 10> kReserved = {
    "connection", "content-length",   "content-type", "host",
    "keep-alive", "proxy-connection", "te",           "trailer",
    "upgrade",    "transfer-encoding"};

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

Status validate_name(std::size_t index, std::string_view name) {
  if (name.empty()) return refused(index, name, "the name is empty");
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (is_name_character(name[i])) continue;
    return refused(index, name,
                   "a name has characters of [0-9a-z_.-] only, not " + byte_at(name, i));
  }
  // gRFC A6: what a server's application puts into its trailers to steer retries. And the trace of
  // OpenCensus, which tracers and proxies write.
  if (name.starts_with("grpc-") && name != "grpc-retry-pushback-ms" && name != "grpc-trace-bin") {
    return refused(index, name, "names that start with grpc- are reserved");
  }
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
    return refused(index, name, "the name is reserved for the transport");
  }
  if (name == "user-agent") {
    return refused(index, name, "the name is reserved; it is set with the channel's options");
  }
  return ok_status();
}

Status validate_value(std::size_t index, const Metadata::Entry& entry) {
  if (entry.name.ends_with("-bin")) return ok_status();
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

Metadata::Metadata(const Metadata& other) {
  if (other.empty()) return;
  block_ = make(other.block_->text_size + other.size() * sizeof(Span));
  for (const Entry entry : other) append(entry.name, entry.value);
}

void Metadata::reserve(std::size_t more) {
  const std::size_t used = block_ == nullptr ? 0 : block_->text_size + block_->count * sizeof(Span);
  const std::size_t capacity = block_ == nullptr ? 0 : block_->capacity;
  if (capacity - used >= more) return;
  Metadata larger;
  larger.block_ = make(std::max({kFirstBlock - sizeof(Block), capacity * 2, used + more}));
  for (const Entry entry : *this) larger.append(entry.name, entry.value);
  std::swap(block_, larger.block_);
}

/// There must be room. The name is in lower case.
void Metadata::append(std::string_view name, std::string_view value) noexcept {
  const std::uint32_t offset = block_->text_size;
  block_->span(block_->count++) = {.offset = offset,
                                   .name_size = static_cast<std::uint32_t>(name.size()),
                                   .value_size = static_cast<std::uint32_t>(value.size())};
  char* const at = std::copy_n(name.data(), name.size(), block_->text() + offset);
  std::copy_n(value.data(), value.size(), at);
  block_->text_size += static_cast<std::uint32_t>(name.size() + value.size());
}

void Metadata::add(std::string_view name, std::string_view value) {
  if (lies_within(name, text()) || lies_within(value, text())) {
    // A pair that was read from here: growing the block would pull it away.
    return add(std::string(name), std::string(value));
  }
  reserve(name.size() + value.size() + sizeof(Span));
  char* const stored = block_->text() + block_->text_size;
  append(name, value);
  std::transform(stored, stored + name.size(), stored, [](char c) { return ascii::lower(c); });
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
    block_->span(kept++) = {
        .offset = end, .name_size = span.name_size, .value_size = span.value_size};
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

Metadata::Entry Metadata::operator[](std::size_t index) const noexcept {
  const Span& span = block_->span(index);
  const char* text = block_->text() + span.offset;
  return {.name = {text, span.name_size}, .value = {text + span.name_size, span.value_size}};
}

Status Metadata::validate() const {
  for (std::size_t i = 0; i < size(); ++i) {
    const Entry entry = (*this)[i];
    if (Status status = validate_name(i, entry.name); !status.ok()) return status;
    if (Status status = validate_value(i, entry); !status.ok()) return status;
  }
  return ok_status();
}

}  // namespace weft
