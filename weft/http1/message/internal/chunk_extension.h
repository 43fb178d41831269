#pragma once

#include <cstdint>

namespace weft::http1 {

/// Checks the extensions of a chunk, from their first ';' on, against the grammar of RFC 9112
/// section 7.1.1:
///
///     *( ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] BWS )
class ChunkExtension {
 public:
  void restart() noexcept { state_ = State::Start; }
  /// False where `c` may not follow. Not called with control characters other than the tab.
  bool take(char c) noexcept;
  /// Whether the line may end here.
  bool may_end() const noexcept {
    return state_ == State::Start || state_ == State::Name || state_ == State::Token ||
           state_ == State::AfterName || state_ == State::AfterValue;
  }

 private:
  enum class State : std::uint8_t {
    Start,  // nothing yet; only ';' follows
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Token,
    Quoted,
    Escaped,
    AfterValue,
  };
  bool enter(State next) noexcept {
    state_ = next;
    return true;
  }
  bool after_name(char c) noexcept;
  bool before_value(char c) noexcept;
  bool after_value(char c) noexcept;

  State state_ = State::Start;
};

}  // namespace weft::http1
