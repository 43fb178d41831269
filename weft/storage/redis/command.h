#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/bytes.h"

namespace weft::redis {

/// A command and its arguments, as they are sent. Arguments are texts, Bytes, numbers, and ranges
/// of these, whose elements become arguments each. They are copied.
class Command {
 public:
  template <class... Arguments>
  explicit Command(std::string_view name, const Arguments&... arguments) {
    add(name);
    name_size_ = name.size();
    name_at_ = body_.size() - name.size() - 2;
    (add(arguments), ...);
  }

  Command& add(std::string_view text) {
    std::array<char, 24> head;
    head[0] = '$';
    char* end = std::to_chars(head.data() + 1, head.data() + head.size(), text.size()).ptr;
    *end++ = '\r';
    *end++ = '\n';
    body_.append(head.data(), end);
    body_.append(text);
    body_.append("\r\n", 2);
    ++count_;
    return *this;
  }
  Command& add(const char* text) { return add(std::string_view(text)); }
  Command& add(const std::string& text) { return add(std::string_view(text)); }
  Command& add(const Bytes& bytes) { return add(bytes.view()); }
  template <class T>
    requires((std::integral<T> || std::floating_point<T>) && !std::same_as<T, bool> &&
             !std::same_as<T, char>)
  Command& add(T number) {
    std::array<char, 32> text;
    const char* const end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    return add(std::string_view(text.data(), end));
  }
  template <std::ranges::input_range R>
    requires(!std::convertible_to<const R&, std::string_view>)
  Command& add(const R& range) {
    for (const auto& one : range) add(one);
    return *this;
  }

  /// It may run twice: it only reads, or writes the same again (SET, not INCR). Repeated then where
  /// a connection is lost before its answer.
  Command& set_idempotent() noexcept {
    idempotent_ = true;
    return *this;
  }
  bool is_idempotent() const noexcept { return idempotent_; }

  /// The first word: "GET".
  std::string_view name() const noexcept {
    return std::string_view(body_).substr(name_at_, name_size_);
  }
  /// The second word, "DEBUG" of "SCRIPT DEBUG YES"; empty where there is none.
  std::string_view second_word() const noexcept {
    if (count_ < 2) return {};
    const std::string_view rest = std::string_view(body_).substr(name_at_ + name_size_ + 2);
    const std::size_t line = rest.find('\n') + 1;
    std::size_t size = 0;
    std::from_chars(rest.data() + 1, rest.data() + line, size);
    return rest.substr(line, size);
  }
  /// Its words as bulk strings.
  std::string_view encoded() const noexcept { return body_; }
  /// Appends it as an array of bulk strings (RESP2 and RESP3).
  void write_to(std::string& out) const {
    std::array<char, 24> head;
    head[0] = '*';
    char* end = std::to_chars(head.data() + 1, head.data() + head.size(), count_).ptr;
    *end++ = '\r';
    *end++ = '\n';
    out.append(head.data(), end);
    out.append(body_);
  }

 private:
  std::string body_;
  std::size_t count_ = 0;
  std::size_t name_at_ = 0;
  std::size_t name_size_ = 0;
  bool idempotent_ = false;
};

}  // namespace weft::redis
