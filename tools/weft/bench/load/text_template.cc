#include "tools/weft/bench/load/text_template.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "tools/weft/schema/near_names.h"

namespace weft::cli::bench {
namespace {

// Of what one variable makes: more than any server takes as a message.
constexpr std::int64_t kLongest = std::int64_t{1} << 30;

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

bool read_number(std::string_view text, std::int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const char byte = i + k < bytes.size() ? bytes[i + k] : '\0';
      group = (group << 8) | static_cast<unsigned char>(byte);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k > bytes.size() ? '=' : kDigits[(group >> (18 - 6 * k)) & 63];
    }
  }
  return out;
}

std::string random_bytes(std::int64_t size, Rng& rng) {
  std::string out(static_cast<std::size_t>(size), '\0');
  for (char& c : out) c = static_cast<char>(rng());
  return out;
}

void append_text(std::int64_t size, Rng& rng, std::string& out) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  for (std::int64_t i = 0; i < size; ++i) out += kLetters[rng.below(kLetters.size())];
}

constexpr std::string_view kHexDigits = "0123456789abcdef";

void append_hex(std::int64_t size, Rng& rng, std::string& out) {
  std::uint64_t digits = 0;
  for (std::int64_t i = 0; i < size; ++i, digits >>= 4) {
    if (i % 16 == 0) digits = rng();
    out += kHexDigits[digits & 15];
  }
}

/// RFC 9562 section 5.4: version 4.
void append_uuid(Rng& rng, std::string& out) {
  std::string bytes = random_bytes(16, rng);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kHexDigits[static_cast<unsigned char>(bytes[i]) >> 4];
    out += kHexDigits[static_cast<unsigned char>(bytes[i]) & 15];
  }
}

Status bad_variable(std::string_view inside, const std::string& why) {
  return invalid_argument("{{" + std::string(inside) + "}}: " + why);
}

}  // namespace

Result<TextTemplate> TextTemplate::parse(std::string_view text) {
  TextTemplate made;
  for (;;) {
    const std::size_t open = text.find(kOpenVariable);
    made.add_literal(text.substr(0, open));
    if (open == std::string_view::npos) return made;
    text.remove_prefix(open + kOpenVariable.size());
    const std::size_t close = text.find(kCloseVariable);
    if (close == std::string_view::npos) return invalid_argument("'{{' without '}}'");
    Status added = made.add_variable(text.substr(0, close));
    if (!added.ok()) return added;
    text.remove_prefix(close + kCloseVariable.size());
  }
}

bool TextTemplate::constant() const noexcept {
  return std::all_of(parts_.begin(), parts_.end(),
                     [](const Part& part) { return part.kind == Kind::Literal; });
}

void TextTemplate::append_to(std::string& out, Variables& variables) const {
  for (const Part& part : parts_) append(part, variables, out);
}

void TextTemplate::add_literal(std::string_view text) {
  if (parts_.empty() || parts_.back().kind != Kind::Literal) parts_.push_back({.text = {}});
  parts_.back().text += text;
}

Status TextTemplate::add_variable(std::string_view inside) {
  const std::vector<std::string_view> words = split(inside);
  const std::string name(words.front());
  if (name == "n" && words.size() == 1) {
    parts_.push_back({.kind = Kind::Number, .text = {}});
    return {};
  }
  if (name == "uuid" && words.size() == 1) {
    parts_.push_back({.kind = Kind::Uuid, .text = {}});
    return {};
  }
  if (name == "random") {
    Part part{.kind = Kind::Random, .text = {}, .low = 0, .high = INT32_MAX};
    const bool bounded = words.size() == 3 && read_number(words[1], part.low) &&
                         read_number(words[2], part.high) && part.low <= part.high;
    if (words.size() != 1 && !bounded) {
      return bad_variable(inside, "expected {{random}} or {{random:LOW:HIGH}}");
    }
    parts_.push_back(std::move(part));
    return {};
  }
  const std::vector<std::string> known = {"n",   "random", "uuid", "text",
                                          "hex", "bytes",  "fill", "zeros"};
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    std::string names;
    for (const std::string& each : known) names += (names.empty() ? "" : ", ") + each;
    return bad_variable(inside, "there is no such variable" + did_you_mean(name, known) +
                                    " (known are " + names + ")");
  }
  if (name == "n" || name == "uuid") return bad_variable(inside, "takes no number");
  std::int64_t size = 0;
  if (words.size() != 2 || !read_number(words[1], size) || size < 0 || size > kLongest) {
    return bad_variable(inside, "a size is expected, as in {{" + name + ":64}}");
  }
  const auto length = static_cast<std::size_t>(size);
  if (name == "fill") {
    add_literal(std::string(length, 'x'));
  } else if (name == "zeros") {
    add_literal(base64(std::string(length, '\0')));
  } else {
    const Kind kind = name == "text" ? Kind::Text : name == "hex" ? Kind::Hex : Kind::Bytes;
    parts_.push_back({.kind = kind, .text = {}, .low = size, .high = 0});
  }
  return {};
}

void TextTemplate::append(const Part& part, Variables& variables, std::string& out) const {
  switch (part.kind) {
    case Kind::Literal:
      out += part.text;
      break;
    case Kind::Number:
      out += std::to_string(variables.number);
      break;
    case Kind::Random: {
      // Of the whole range of 64 bits every value is right, and its size no number.
      const std::uint64_t span =
          static_cast<std::uint64_t>(part.high) - static_cast<std::uint64_t>(part.low);
      const std::uint64_t above =
          span == UINT64_MAX ? variables.rng() : variables.rng.below(span + 1);
      out +=
          std::to_string(static_cast<std::int64_t>(static_cast<std::uint64_t>(part.low) + above));
      break;
    }
    case Kind::Uuid:
      append_uuid(variables.rng, out);
      break;
    case Kind::Hex:
      append_hex(part.low, variables.rng, out);
      break;
    case Kind::Text:
      append_text(part.low, variables.rng, out);
      break;
    case Kind::Bytes:
      out += base64(random_bytes(part.low, variables.rng));
      break;
  }
}

}  // namespace weft::cli::bench
