#include "tools/weft/schema/any_types.h"

#include <utility>

#include "tools/weft/schema/source/reflection_source.h"

namespace weft::cli {
namespace {

// Of a type; reflection takes no longer ones.
constexpr std::size_t kLongestName = ReflectionLimits().name;

}  // namespace

Task<bool> AnyTypes::find(std::vector<std::string> names) {
  std::vector<std::string> wanted;
  for (std::string& name : names) {
    const bool may_ask =
        reflection_ && !name.empty() && name.size() <= kLongestName && asked_.size() < kMost;
    if (may_ask && asked_.insert(name).second) wanted.push_back(std::move(name));
  }
  if (wanted.empty()) co_return false;
  // The types of before come along: a schema is made of one pool.
  ReflectionSource source(channel_, options_);
  bool found_any = false;
  Status status = co_await source.load_symbol(service_);
  for (std::size_t i = 0; i < found_.size() && status.ok(); ++i) {
    status = co_await source.load_symbol(found_[i]);
  }
  for (std::size_t i = 0; i < wanted.size() && !is_final(status); ++i) {
    status = co_await source.load_symbol(wanted[i]);
    if (!status.ok()) continue;
    found_.push_back(wanted[i]);
    found_any = true;
  }
  Result<Schema> schema = source.schema({service_});
  co_await source.close();
  // What cannot be had is shown as bytes, so that is no failure of the call.
  if (!found_any || !schema.ok()) co_return false;
  own_.emplace(*std::move(schema));
  schema_ = &*own_;
  co_return true;
}

}  // namespace weft::cli
