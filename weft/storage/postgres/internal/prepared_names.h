#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weft::postgres {

/// Which statements a connection has prepared, and under which names: the least recently used goes
/// when there are too many.
class PreparedNames {
 public:
  explicit PreparedNames(std::size_t most) noexcept : most_(most < 1 ? 1 : most) {}

  /// The name of a statement that is prepared, or is being prepared; null where it is not.
  const std::string* find(std::string_view text);
  struct Added {
    const std::string& name;
    std::optional<std::string> evicted;  ///< the name of what has to be deallocated
  };
  /// Of a text that find() does not know.
  Added add(std::string_view text);
  /// Forgets a text that was not prepared after all, if it still has this name.
  void remove(std::string_view text, std::string_view name);

 private:
  struct Entry {
    std::string text;
    std::string name;
  };
  using Entries = std::list<Entry>;

  std::size_t most_;
  std::uint64_t next_ = 1;
  Entries entries_;  // the most recently used first
  std::unordered_map<std::string_view, Entries::iterator> by_text_;
};

}  // namespace weft::postgres
