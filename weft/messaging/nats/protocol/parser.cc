#include "weft/messaging/nats/protocol/parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"

namespace weft::nats {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
// "NATS/1.0", a line end, and the empty line.
constexpr std::size_t kLeastHeaders = 12;
// A buffer that was larger is given back.
constexpr std::size_t kKept = std::size_t{256} << 10;

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// Takes the next word from the front of `text`; empty at the end.
std::string_view take_word(std::string_view& text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  std::size_t size = 0;
  while (size < text.size() && !is_blank(text[size])) ++size;
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

template <class Number>
bool read_number(std::string_view text, Number& number) noexcept {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

std::string_view unquoted(std::string_view text) noexcept {
  const bool quoted = text.size() >= 2 && text.front() == '\'' && text.back() == '\'';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

std::optional<Operation::Kind> kind_of(std::string_view word) noexcept {
  using Kind = Operation::Kind;
  struct Named {
    std::string_view name;
    Kind kind;
  };
  static constexpr std::array<Named, 7> kNames = {{{"MSG", Kind::Message},
                                                   {"HMSG", Kind::Message},
                                                   {"PING", Kind::Ping},
                                                   {"PONG", Kind::Pong},
                                                   {"INFO", Kind::Info},
                                                   {"+OK", Kind::Ok},
                                                   {"-ERR", Kind::Error}}};
  for (const Named& named : kNames) {
    if (ascii::equal_without_case(word, named.name)) return named.kind;
  }
  return std::nullopt;
}

}  // namespace

Parser::Progress Parser::fail(std::string_view what) {
  state_ = State::Broken;
  error_ = Status(StatusCode::Internal, "the broker sent " + std::string(what), Origin::Transport);
  return Progress::Broken;
}

Parser::Progress Parser::read(std::string_view& bytes) {
  if (state_ == State::Broken) return Progress::Broken;
  if (state_ == State::LineDone) {
    line_.clear();
    body_.clear();
    if (body_.capacity() > kKept) std::string().swap(body_);
    state_ = State::Line;
  }
  if (state_ == State::Line) {
    const Progress progress = read_line(bytes);
    if (state_ != State::Body) return progress;
  }
  return read_body(bytes);
}

Parser::Progress Parser::read_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  const std::string_view part = bytes.substr(0, end);
  if (part.size() > limits_.line - std::min(limits_.line, line_.size())) {
    return fail("a line of more than " + std::to_string(limits_.line) +
                " bytes: " + log_value(line_.append(part.substr(0, kMostLogValue))));
  }
  line_.append(part);
  bytes.remove_prefix(part.size());
  if (end == std::string_view::npos) return Progress::NeedMore;
  bytes.remove_prefix(1);
  if (!line_.ends_with('\r'))
    return fail("a line that does not end with CR LF: " + log_value(line_));
  line_.pop_back();
  return take_line();
}

Parser::Progress Parser::take_line() {
  std::string_view rest = line_;
  const std::string_view word = take_word(rest);
  const std::optional<Operation::Kind> kind = kind_of(word);
  if (!kind) return fail("a line that no operation begins with: " + log_value(line_));
  operation_ = {};
  operation_.kind = *kind;
  if (*kind != Operation::Kind::Message) {
    operation_.text = ascii::trimmed(rest);
    if (*kind == Operation::Kind::Error) operation_.text = unquoted(operation_.text);
    state_ = State::LineDone;
    return Progress::Operation;
  }
  const bool with_headers = word.size() == 4;
  if (!take_message(rest, with_headers)) {
    return fail("a message whose line is malformed: " + log_value(line_));
  }
  state_ = State::Body;
  return Progress::NeedMore;
}

/// subject sid [reply] [header-bytes] bytes
bool Parser::take_message(std::string_view rest, bool with_headers) {
  std::array<std::string_view, 6> words;
  std::size_t count = 0;
  while (count < words.size()) {
    words[count] = take_word(rest);
    if (words[count].empty()) break;
    ++count;
  }
  const std::size_t least = with_headers ? 4 : 3;
  if (count != least && count != least + 1) return false;
  operation_.subject = words[0];
  if (!read_number(words[1], operation_.subscription)) return false;
  if (count > least) operation_.reply = words[2];
  if (!read_number(words[count - 1], operation_.size)) return false;
  headers_ = 0;
  if (with_headers) {
    if (!read_number(words[count - 2], headers_)) return false;
    if (headers_ < kLeastHeaders || headers_ > operation_.size) return false;
  }
  operation_.too_large = operation_.size > limits_.message;
  to_skip_ = operation_.too_large ? operation_.size : 0;
  return true;
}

Parser::Progress Parser::read_body(std::string_view& bytes) {
  const std::size_t skipped = std::min(to_skip_, bytes.size());
  to_skip_ -= skipped;
  bytes.remove_prefix(skipped);
  const std::size_t kept = operation_.too_large ? 0 : operation_.size;
  const std::size_t missing = kept + kLineEnd.size() - body_.size();
  const std::string_view part = bytes.substr(0, missing);
  bytes.remove_prefix(part.size());
  // What has come in one piece is not copied.
  if (body_.empty() && part.size() == missing && to_skip_ == 0) return take_body(part);
  body_.append(part);
  if (part.size() != missing || to_skip_ != 0) return Progress::NeedMore;
  return take_body(body_);
}

Parser::Progress Parser::take_body(std::string_view body) {
  if (!body.ends_with(kLineEnd)) {
    return fail("a message that is longer than the line before it says: " + log_value(line_));
  }
  body.remove_suffix(kLineEnd.size());
  if (!operation_.too_large) {
    operation_.headers = body.substr(0, headers_);
    operation_.payload = body.substr(headers_);
  }
  state_ = State::LineDone;
  return Progress::Operation;
}

}  // namespace weft::nats
