#include "weft/foreign/json/object_cutter.h"

#include <utility>

#include "weft/base/text/printable.h"

namespace weft::foreign {
namespace {

/// Beyond this much memory a buffer is given back once it is empty.
constexpr std::size_t kKept = std::size_t{16} * 1024;

constexpr bool is_white(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

void ObjectCutter::push(std::string_view bytes) {
  if (begin_ != 0) {
    bytes_.erase(0, begin_);
    at_ -= begin_;
    begin_ = 0;
  }
  if (bytes_.empty() && bytes_.capacity() > kKept) std::string().swap(bytes_);
  bytes_.append(bytes);
}

ObjectCutter::Next ObjectCutter::fail(Status error) {
  error_ = std::move(error);
  return Next::Broken;
}

bool ObjectCutter::skip_to_value() {
  while (at_ != bytes_.size() && is_white(bytes_[at_])) ++at_;
  begin_ = at_;
  return at_ != bytes_.size();
}

ObjectCutter::Next ObjectCutter::next(std::string_view& value) {
  if (!error_.ok()) return Next::Broken;
  if (depth_ == 0) {
    if (!skip_to_value()) return Next::NeedMore;
    const char first = bytes_[at_];
    if (first != '{' && first != '[') {
      return fail(invalid_argument("expected a JSON object, found '" +
                                   printable(std::string_view(bytes_).substr(at_, 16)) + "'"));
    }
  }
  const bool complete = scan();
  if (!error_.ok()) return Next::Broken;
  if (at_ - begin_ > max_size_) {
    return fail(resource_exhausted("a JSON value of more than " + std::to_string(max_size_) +
                                   " bytes, which is the limit"));
  }
  if (!complete) return Next::NeedMore;
  value = std::string_view(bytes_).substr(begin_, at_ - begin_);
  begin_ = at_;
  return Next::Value;
}

/// Goes on to the end of the value; false where it has not come.
bool ObjectCutter::scan() {
  for (; at_ != bytes_.size(); ++at_) {
    const char c = bytes_[at_];
    if (in_string_) {
      if (std::exchange(escaped_, false)) continue;
      if (c == '\\') escaped_ = true;
      if (c == '"') in_string_ = false;
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      if (++depth_ > max_depth_) {
        error_ = resource_exhausted("more than " + std::to_string(max_depth_) +
                                    " JSON objects and arrays in each other, which is the limit");
        return false;
      }
    } else if ((c == '}' || c == ']') && --depth_ == 0) {
      ++at_;
      return true;
    }
  }
  return false;
}

}  // namespace weft::foreign
