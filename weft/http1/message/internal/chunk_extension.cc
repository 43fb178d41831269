#include "weft/http1/message/internal/chunk_extension.h"

#include "weft/base/text/token.h"

namespace weft::http1 {
namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

bool ChunkExtension::take(char c) noexcept {
  switch (state_) {
    case State::Start:
      return c == ';' && enter(State::BeforeName);
    case State::BeforeName:
      if (is_space(c)) return true;
      return is_token_character(c) && enter(State::Name);
    case State::Name:
      if (is_token_character(c)) return true;
      return after_name(c);
    case State::AfterName:
      return after_name(c);
    case State::BeforeValue:
      return before_value(c);
    case State::Token:
      if (is_token_character(c)) return true;
      return after_value(c);
    case State::Quoted:
      return c == '"' ? enter(State::AfterValue) : c != '\\' || enter(State::Escaped);
    case State::Escaped:
      return enter(State::Quoted);
    case State::AfterValue:
      return after_value(c);
  }
  return false;
}

bool ChunkExtension::after_name(char c) noexcept {
  if (is_space(c)) return enter(State::AfterName);
  if (c == ';') return enter(State::BeforeName);
  return c == '=' && enter(State::BeforeValue);
}

bool ChunkExtension::before_value(char c) noexcept {
  if (is_space(c)) return true;
  if (c == '"') return enter(State::Quoted);
  return is_token_character(c) && enter(State::Token);
}

bool ChunkExtension::after_value(char c) noexcept {
  if (is_space(c)) return enter(State::AfterValue);
  return c == ';' && enter(State::BeforeName);
}

}  // namespace weft::http1
