#include "weft/storage/redis/internal/command_kind.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"

namespace weft::redis {
namespace {

constexpr std::array<std::string_view, 23> kOfConnections{
    "AUTH",         "HELLO",       "SELECT",       "QUIT",      "RESET",     "MULTI",
    "EXEC",         "DISCARD",     "WATCH",        "UNWATCH",   "SUBSCRIBE", "PSUBSCRIBE",
    "SSUBSCRIBE",   "UNSUBSCRIBE", "PUNSUBSCRIBE", "MONITOR",   "SYNC",      "PSYNC",
    "SUNSUBSCRIBE", "REPLCONF",    "READONLY",     "READWRITE", "ASKING"};
/// A first word, and a second one that makes it change the connection.
struct TwoWords {
  std::string_view first;
  std::string_view second;
};
constexpr std::array<TwoWords, 4> kOfConnectionsByTwo{
    {{"CLIENT", "REPLY"}, {"CLIENT", "TRACKING"}, {"CLIENT", "CACHING"}, {"SCRIPT", "DEBUG"}}};
constexpr std::array<std::string_view, 10> kBlocking{"BLPOP",  "BRPOP",    "BRPOPLPUSH", "BLMOVE",
                                                     "BLMPOP", "BZPOPMIN", "BZPOPMAX",   "BZMPOP",
                                                     "WAIT",   "WAITAOF"};

bool is_among(std::string_view name, std::span<const std::string_view> names) noexcept {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view one) { return ascii::equal_without_case(one, name); });
}

/// GET, SET and most others begin with no letter of these.
bool may_be_special(char first) noexcept {
  constexpr std::string_view kFirst = "abcdehmpqrsuwx";
  return kFirst.find(ascii::lower(first)) != std::string_view::npos;
}

bool changes_connection(const Command& command) noexcept {
  if (is_among(command.name(), kOfConnections)) return true;
  return std::any_of(kOfConnectionsByTwo.begin(), kOfConnectionsByTwo.end(),
                     [&](const TwoWords& words) {
                       return ascii::equal_without_case(words.first, command.name()) &&
                              ascii::equal_without_case(words.second, command.second_word());
                     });
}

/// Whether an XREAD or XREADGROUP may wait.
bool has_block(std::string_view encoded) noexcept {
  for (std::size_t at = encoded.find("$5\r\n"); at != std::string_view::npos;
       at = encoded.find("$5\r\n", at + 1)) {
    if (ascii::equal_without_case(encoded.substr(at + 4, 5), "BLOCK")) return true;
  }
  return false;
}

}  // namespace

Status check_command(const Command& command) {
  const std::string_view name = command.name();
  if (name.empty()) return invalid_argument("a command of Redis has no name");
  if (!may_be_special(name.front()) || name == "SET") return {};
  if (changes_connection(command)) {
    return invalid_argument(printable(cut_text(name)) +
                            " changes the connection, which all commands of a loop share");
  }
  const bool reads_streams = ascii::equal_without_case(name.substr(0, 5), "XREAD");
  if (is_among(name, kBlocking) || (reads_streams && has_block(command.encoded()))) {
    return invalid_argument(printable(cut_text(name)) +
                            " can wait in the server, which holds up the other commands of the "
                            "connection");
  }
  return {};
}

}  // namespace weft::redis
