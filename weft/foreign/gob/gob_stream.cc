#include "weft/foreign/gob/gob_stream.h"

#include <utility>

namespace weft::foreign {
namespace {

/// Beyond this much memory a buffer is given back once it is empty.
constexpr std::size_t kKept = std::size_t{16} * 1024;
/// Of the length of a message: a byte that says how many follow, and eight.
constexpr std::size_t kLongestLength = 9;

}  // namespace

void GobStream::push(std::string_view bytes) {
  bytes_.erase(0, at_);
  at_ = 0;
  if (bytes_.empty() && bytes_.capacity() > kKept) std::string().swap(bytes_);
  bytes_.append(bytes);
}

GobStream::Next GobStream::fail(Status error) {
  error_ = std::move(error);
  return Next::Broken;
}

/// False where it has not come, or error_ says what is wrong.
bool GobStream::take_message(std::string_view& message) {
  const std::string_view rest = std::string_view(bytes_).substr(at_);
  GobReader reader(rest);
  std::uint64_t size = 0;
  if (!reader.unsigned_integer(size)) {
    if (rest.size() >= kLongestLength)
      error_ = invalid_argument("the length of a gob message is broken");
    return false;
  }
  if (size > max_size_) {
    error_ = resource_exhausted("a gob message of " + std::to_string(size) +
                                " bytes is larger than the limit of " + std::to_string(max_size_));
    return false;
  }
  if (reader.left() < size) return false;
  const std::size_t begin = rest.size() - reader.left();
  message = rest.substr(begin, static_cast<std::size_t>(size));
  at_ += begin + message.size();
  return true;
}

GobStream::Next GobStream::next(Value& value) {
  while (error_.ok()) {
    std::string_view message;
    if (!take_message(message)) break;
    GobReader reader(message);
    std::int64_t id = 0;
    if (!reader.integer(id) || id == 0 || id == INT64_MIN) {
      return fail(invalid_argument("a gob message does not begin with the id of a type"));
    }
    if (id > 0) {
      value = {.type = id, .content = message.substr(message.size() - reader.left())};
      return Next::Value;
    }
    error_ = types_.define(-id, reader);
  }
  return error_.ok() ? Next::NeedMore : Next::Broken;
}

}  // namespace weft::foreign
