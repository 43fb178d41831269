#include "weft/messaging/nats/internal/subject.h"

#include "weft/base/log/log_value.h"

namespace weft::nats {
namespace {

// Brokers bound a whole line to 4 KiB.
constexpr std::size_t kLongest = 1024;

}  // namespace

bool is_subject(std::string_view text) noexcept {
  if (text.empty() || text.size() > kLongest) return false;
  char before = '.';
  for (const char c : text) {
    const bool visible = c > ' ' && c < '\x7f' && c != '*' && c != '>';
    if (!visible || (c == '.' && before == '.')) return false;
    before = c;
  }
  return before != '.';
}

Result<std::string> subject_of(std::string_view prefix, std::string_view path) {
  std::string subject(prefix);
  const std::size_t slash = path.rfind('/');
  if (path.starts_with('/') && slash > 1) {
    subject.append(".").append(path.substr(1, slash - 1));
    subject.append(".").append(path.substr(slash + 1));
    // The method is one word, so that a subject has one path only.
    const bool one_word = path.find('.', slash) == std::string_view::npos;
    if (one_word && path.find('/', 1) == slash && is_subject(subject)) return subject;
  }
  return invalid_argument("path " + log_value(path) +
                          " makes no subject of NATS: it is /package.Service/Method, without "
                          "blanks, '*' and '>'");
}

std::optional<std::string> path_of(std::string_view prefix, std::string_view subject) {
  if (!subject.starts_with(prefix)) return std::nullopt;
  subject.remove_prefix(prefix.size());
  const std::size_t dot = subject.rfind('.');
  if (!subject.starts_with('.') || dot == 0) return std::nullopt;
  std::string path("/");
  path.append(subject.substr(1, dot - 1)).append("/").append(subject.substr(dot + 1));
  return path;
}

}  // namespace weft::nats
