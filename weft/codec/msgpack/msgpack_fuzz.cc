// MessagePack to messages and back.
//
// Input: a byte that chooses, then MessagePack, or the bytes of a message. What must hold:
//
// - any input is read or refused, under every limit;
// - what is written is read, and as it was but for unknown fields and the order within an Any;
// - what was read once is written and read the same again.

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/codec/msgpack/msgpack.h"
#include "weft/codec/schema/internal/fuzz_checks.h"

namespace {

using weft::formats_test::canonical_bytes;
using weft::formats_test::require;

template <class M>
void write_and_read(M message) {
  message.DiscardUnknownFields();
  const weft::Result<std::string> written = weft::to_msgpack(message);
  if (!written.ok()) return;
  M back;
  const weft::Status status = weft::from_msgpack(*written, back);
  require(status.ok(), "what was written is read", status.message());
  const bool has_any = written->find("@type") != std::string::npos;
  require(has_any || canonical_bytes(back) == canonical_bytes(message), "it is read as it was",
          message.DebugString());
  const weft::Result<std::string> again = weft::to_msgpack(back);
  M twice;
  require(again.ok() && weft::from_msgpack(*again, twice).ok(), "it is written again",
          again.status().message());
  require(canonical_bytes(twice) == canonical_bytes(back), "it does not change any more",
          back.DebugString());
  for (const weft::MsgpackWriteOptions& options :
       {weft::MsgpackWriteOptions{.declared_names = true, .enum_names = true},
        weft::MsgpackWriteOptions{.defaults = true, .field_numbers = true}}) {
    const weft::Result<std::string> other = weft::to_msgpack(back, options);
    require(other.ok() && weft::from_msgpack(*other, twice).ok(), "other names are read",
            other.status().message());
    // What an Any holds has its defaults in its bytes afterwards.
    const bool may_differ = options.defaults && has_any;
    require(may_differ || canonical_bytes(twice) == canonical_bytes(back), "as the same",
            back.DebugString());
  }
}

struct Target {
  template <class M>
  static void read(std::string_view bytes) {
    M message;
    if (weft::from_msgpack(bytes, message).ok()) write_and_read(message);
    static_cast<void>(
        weft::from_msgpack(bytes, message, {.ignore_unknown = true, .max_depth = 20}));
  }

  template <class M>
  static void show(std::string_view bytes) {
    M message;
    if (message.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      write_and_read(message);
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return weft::formats_test::run<Target>(data, size);
}
