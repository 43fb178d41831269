#include "weft/storage/postgres/internal/prepared_names.h"

#include <utility>

namespace weft::postgres {

const std::string* PreparedNames::find(std::string_view text) {
  const auto found = by_text_.find(text);
  if (found == by_text_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &found->second->name;
}

PreparedNames::Added PreparedNames::add(std::string_view text) {
  std::optional<std::string> evicted;
  if (entries_.size() >= most_) {
    evicted = entries_.back().name;
    by_text_.erase(entries_.back().text);
    entries_.pop_back();
  }
  entries_.push_front({std::string(text), "weft" + std::to_string(next_++)});
  by_text_.emplace(entries_.front().text, entries_.begin());
  return {entries_.front().name, std::move(evicted)};
}

void PreparedNames::remove(std::string_view text, std::string_view name) {
  const auto found = by_text_.find(text);
  if (found == by_text_.end() || found->second->name != name) return;
  const Entries::iterator entry = found->second;
  by_text_.erase(found);
  entries_.erase(entry);
}

}  // namespace weft::postgres
