// JSON to messages and back, held against libprotobuf's own JSON functions.
//
// Input: a byte that chooses, then JSON, or the bytes of a message. What must hold:
//
// - what libprotobuf reads, we read as the same message, but for what it takes and RFC 8259 or the
// mapping does not;
// - what we write, we read as it was, and libprotobuf too;
// - what we write with marks of any bytes becomes bytes that are shown alike.

#include <cstdint>
#include <string>
#include <string_view>

#include <google/protobuf/util/json_util.h>

#include "weft/codec/json/json.h"
#include "weft/codec/json/wire_json.h"
#include "weft/codec/schema/internal/fuzz_checks.h"

namespace {

namespace pb = google::protobuf;
using weft::codec::OutputBytes;
using weft::formats_test::require;

/// As JSON without unknown fields, which unlike bytes is the same for NaNs of all kinds, and in the
/// order of a map's keys, which differ from object to object.
std::string canonical(const pb::Message& message) {
  OutputBytes out;
  static_cast<void>(weft::codec::print_json(
      weft::codec::Tables::generated().of(*message.GetDescriptor()),
      weft::formats_test::canonical_bytes(message), {}, weft::codec::WireOrigin::Peer, out));
  return std::string(out.view());
}

/// What we have written is read as it was.
template <class M>
void write_and_read(const M& message) {
  const weft::Result<std::string> json = weft::to_json(message);
  if (!json.ok()) return;
  M back;
  const weft::Status status = weft::from_json(*json, back);
  require(status.ok(), "what was written is read", *json);
  require(canonical(back) == canonical(message), "it is read as it was", *json);
  M theirs;
  if (pb::util::JsonStringToMessage(*json, &theirs).ok()) {
    require(canonical(theirs) == canonical(message), "libprotobuf reads it as it was", *json);
  }
}

struct Target {
  template <class M>
  static void read(std::string_view text) {
    M ours;
    M theirs;
    const weft::Status status = weft::from_json(text, ours);
    const bool both = status.ok() && pb::util::JsonStringToMessage(std::string(text), &theirs).ok();
    if (both) require(canonical(ours) == canonical(theirs), "both read the same", text);
    if (status.ok()) write_and_read(ours);
    weft::JsonReadOptions lenient{.ignore_unknown = true, .marks = true, .max_depth = 20};
    static_cast<void>(weft::from_json(text, ours, lenient));
  }

  template <class M>
  static void show(std::string_view bytes) {
    const weft::codec::MessageTable& table = weft::codec::Tables::generated().of(*M::descriptor());
    const auto shown = [&table](std::string_view of, OutputBytes& out) {
      return weft::codec::print_json(table, of, {.marks = true}, weft::codec::WireOrigin::Peer,
                                     out);
    };
    OutputBytes text;
    if (!shown(bytes, text).ok()) return;
    OutputBytes back;
    weft::codec::JsonFault fault;
    const bool read = weft::codec::read_json(table, text.view(), {.marks = true}, back, fault);
    require(read, fault.message().c_str(), text.view());
    M parsed;
    const bool is_message =
        parsed.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()));
    if (is_message) write_and_read(parsed);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return weft::formats_test::run<Target>(data, size);
}
