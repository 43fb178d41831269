#include "weft/storage/redis/protocol/parser.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"
#include "weft/storage/redis/protocol/number.h"

namespace weft::redis {
namespace {

/// A text up to here is given its memory at once; a longer one as it comes.
constexpr std::uint64_t kReserved = std::uint64_t{1} << 20;

bool is_big_number(std::string_view text) noexcept {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Type type_of(char kind) noexcept {
  switch (kind) {
    case '%':
    case '|':
      return Type::Map;
    case '~':
      return Type::Set;
    case '>':
      return Type::Push;
    default:
      return Type::Array;
  }
}

}  // namespace

Parser::Progress Parser::read(std::string_view& bytes) {
  if (!error_.ok() && !too_large_) return Progress::Broken;
  while (!done_) {
    bool ok = true;
    switch (state_) {
      case State::Head: {
        const std::optional<std::string_view> line = take_line(bytes);
        if (!line.has_value())
          return error_.ok() || too_large_ ? Progress::NeedMore : Progress::Broken;
        ok = take_head(*line);
        line_.clear();
        break;
      }
      case State::Bulk: {
        const std::size_t now = std::min<std::uint64_t>(bulk_left_, bytes.size());
        if (!too_large_) text_.append(bytes.substr(0, now));
        bytes.remove_prefix(now);
        bulk_left_ -= now;
        if (bulk_left_ != 0) return Progress::NeedMore;
        state_ = State::BulkEnd;
        break;
      }
      case State::BulkEnd:
        if (bytes.empty()) return Progress::NeedMore;
        ok = take_bulk_end(bytes);
        break;
    }
    if (!ok) return Progress::Broken;
  }
  return finish();
}

Parser::Progress Parser::finish() {
  done_ = false;
  return too_large_ ? Progress::TooLarge : Progress::Reply;
}

Value Parser::take() {
  const bool was_push = std::exchange(is_push_, false);
  if (std::exchange(too_large_, false)) {
    error_ = {};
    Node instead;
    if (was_push) instead.type = Type::Push;
    return Value(instead, {});
  }
  if (nodes_.size() != 1) return Value(std::exchange(nodes_, {}), std::exchange(text_, {}));
  const Node node = nodes_.front();
  nodes_.clear();
  return Value(node, std::exchange(text_, {}));
}

// ---- Lines -------------------------------------------------------------------------------------

std::optional<std::string_view> Parser::take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  const std::size_t size = end == std::string_view::npos ? bytes.size() : end;
  if (line_.size() + size > kMostLine) {
    fail("a line is longer than " + std::to_string(kMostLine) + " bytes");
    return std::nullopt;
  }
  if (end == std::string_view::npos) {
    line_.append(bytes);
    bytes = {};
    return std::nullopt;
  }
  std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  if (!line_.empty()) line = line_.append(line);
  if (!line.ends_with('\r')) {
    fail("a line does not end with CR LF");
    return std::nullopt;
  }
  line.remove_suffix(1);
  return line;
}

bool Parser::take_head(std::string_view line) {
  if (line.empty()) return fail("a line is empty");
  const char kind = line.front();
  const std::string_view content = line.substr(1);
  switch (kind) {
    case '$':
    case '=':
    case '!':
      return take_bulk_head(kind, content);
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      return take_aggregate(kind, content);
    default:
      return take_scalar(kind, content);
  }
}

bool Parser::take_scalar(char kind, std::string_view content) {
  Node node;
  switch (kind) {
    case '+':
      return add_text(Type::Text, content), true;
    case '-':
      return add_text(Type::Error, content), true;
    case '(':
      if (!is_big_number(content)) return fail("a big number is no number");
      return add_text(Type::BigNumber, content), true;
    case ':':
      node.type = Type::Integer;
      if (!read_number(content, node.integer)) return fail("an integer is no number");
      break;
    case ',':
      node.type = Type::Double;
      if (!read_number(content, node.real)) return fail("a double is no number");
      break;
    case '#':
      node.type = Type::Bool;
      node.integer = content == "t" ? 1 : 0;
      if (content != "t" && content != "f") return fail("a bool is neither t nor f");
      break;
    case '_':
      if (!content.empty()) return fail("a null has a content");
      break;
    case ';':
    case '.':
      return fail("streamed texts and aggregates are not supported");
    default:
      return fail("\"" + printable(cut_text(std::string(1, kind) + std::string(content), 32)) +
                  "\" begins no reply of Redis");
  }
  if (fits(1, 0)) nodes_.push_back(node);
  return end_element(), true;
}

void Parser::add_text(Type type, std::string_view text) {
  if (fits(1, text.size())) {
    Node node;
    node.type = type;
    node.size = static_cast<std::uint32_t>(text.size());
    node.offset = text_.size();
    nodes_.push_back(node);
    text_.append(text);
  }
  end_element();
}

// ---- Texts with a length -----------------------------------------------------------------------

bool Parser::take_bulk_head(char kind, std::string_view number) {
  if (number.starts_with('?')) return fail("streamed texts are not supported");
  std::int64_t size = 0;
  if (!read_number(number, size) || size < -1 || size > kMostAnnounced) {
    return fail_size("a text", number);
  }
  if (size == -1) {
    if (kind != '$') return fail_size("a text", number);
    return take_scalar('_', {});
  }
  if (kind == '=' && size < 4) return fail("a verbatim text has no format");
  const auto length = static_cast<std::uint64_t>(size);
  if (fits(1, length)) {
    Node node;
    node.type = kind == '!' ? Type::Error : Type::Text;
    node.size = static_cast<std::uint32_t>(length);
    node.offset = text_.size();
    nodes_.push_back(node);
    if (length <= kReserved && text_.capacity() - text_.size() < length) {
      text_.reserve(
          std::max<std::size_t>(text_.size() + length, open_.empty() ? 0 : text_.capacity() * 2));
    }
  }
  bulk_kind_ = kind;
  bulk_left_ = length;
  bulk_end_seen_ = 0;
  state_ = State::Bulk;
  return true;
}

bool Parser::take_bulk_end(std::string_view& bytes) {
  constexpr std::string_view kEnd = "\r\n";
  while (bulk_end_seen_ < kEnd.size() && !bytes.empty()) {
    if (bytes.front() != kEnd[bulk_end_seen_]) return fail("a text is longer than it says");
    bytes.remove_prefix(1);
    ++bulk_end_seen_;
  }
  if (bulk_end_seen_ < kEnd.size()) return true;
  state_ = State::Head;
  if (!too_large_ && bulk_kind_ == '=') {
    // "txt:" before the text says how to show it.
    Node& node = nodes_.back();
    if (text_[node.offset + 3] != ':') return fail("a verbatim text has no format");
    node.offset += 4;
    node.size -= 4;
  }
  return end_element(), true;
}

// ---- Aggregates --------------------------------------------------------------------------------

bool Parser::take_aggregate(char kind, std::string_view number) {
  if (number.starts_with('?')) return fail("streamed aggregates are not supported");
  std::int64_t count = 0;
  if (!read_number(number, count) || count < -1 || count > kMostAnnounced) {
    return fail_size("an aggregate", number);
  }
  if (count == -1) {
    if (kind != '*') return fail_size("an aggregate", number);
    return take_scalar('_', {});
  }
  if (kind == '>' && !open_.empty()) return fail("a push is inside of another value");
  if (open_.size() >= limits_.depth) {
    return fail("a reply is nested deeper than " + std::to_string(limits_.depth));
  }
  is_push_ = is_push_ || kind == '>';
  const bool attribute = kind == '|';
  const bool pairs = attribute || kind == '%';
  const std::uint64_t elements = static_cast<std::uint64_t>(count) * (pairs ? 2 : 1);
  Open open{static_cast<std::uint32_t>(nodes_.size()), elements, text_.size(), attribute};
  if (fits(1 + elements, 0)) {
    Node node;
    node.type = type_of(kind);
    node.size = static_cast<std::uint32_t>(elements);
    nodes_.push_back(node);
  }
  announced_ += elements;
  open_.push_back(open);
  if (elements == 0) end_aggregate();
  return true;
}

void Parser::end_aggregate() {
  const Open open = open_.back();
  open_.pop_back();
  if (open.attribute) {
    // Not an element of what it stands in.
    if (!too_large_) {
      nodes_.resize(open.node);
      text_.resize(open.text);
    }
    return;
  }
  if (!too_large_) nodes_[open.node].span = static_cast<std::uint32_t>(nodes_.size() - open.node);
  end_element();
}

void Parser::end_element() {
  if (open_.empty()) {
    done_ = true;
    announced_ = 0;
    return;
  }
  --announced_;
  // Ends as many aggregates as are nested at most.
  if (--open_.back().left == 0) end_aggregate();
}

bool Parser::fits(std::uint64_t elements, std::uint64_t bytes) {
  if (too_large_) return false;
  // What an aggregate has announced is counted; an element that comes is among it.
  const std::uint64_t all = nodes_.size() + announced_ + elements;
  const std::uint64_t memory = all * sizeof(Node) + text_.size() + bytes;
  if (all <= std::uint64_t{limits_.elements} + 1 && memory <= limits_.bytes + sizeof(Node))
    return true;
  too_large_ = true;
  error_ = resource_exhausted("a reply of at least " + std::to_string(all) + " elements and " +
                              std::to_string(memory) + " bytes is larger than the limits, " +
                              std::to_string(limits_.elements) + " elements and " +
                              std::to_string(limits_.bytes) + " bytes (Options::reply)");
  // An assignment would keep their memory.
  std::vector<Node>().swap(nodes_);
  std::string().swap(text_);
  return false;
}

bool Parser::fail(std::string_view what) {
  too_large_ = false;
  error_ = Status(StatusCode::Internal, what, Origin::Transport)
               .with_prefix("the peer does not speak Redis' protocol");
  return false;
}

bool Parser::fail_size(std::string_view what, std::string_view number) {
  return fail("\"" + printable(cut_text(number, 32)) + "\" is no size of " + std::string(what));
}

}  // namespace weft::redis
