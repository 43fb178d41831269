// XML to messages and back.
//
// Input: a byte that chooses, then XML, or the bytes of a message. What must hold:
//
// - any text is read or refused, under every limit;
// - what is written is read, and as it was but for unknown fields, the order within an Any and
// NaNs;
// - with marks everything that parses is written, and read as the same bytes.

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/codec/schema/internal/fuzz_checks.h"
#include "weft/codec/xml/xml.h"

namespace {

using weft::formats_test::canonical_bytes;
using weft::formats_test::require;

template <class M>
void write_and_read(M message) {
  const weft::Result<std::string> shown = weft::to_xml(message, {.marks = true});
  M back;
  if (shown.ok()) {
    const weft::Status status = weft::from_xml(*shown, back, {.marks = true});
    require(status.ok(), "what is shown is read", std::string(status.message()) + "\n" + *shown);
  }
  message.DiscardUnknownFields();
  const weft::Result<std::string> written = weft::to_xml(message, {.indent = 1});
  if (!written.ok()) return;
  const weft::Status status = weft::from_xml(*written, back);
  require(status.ok(), "what was written is read", std::string(status.message()) + "\n" + *written);
  const bool has_any = written->find(" type=\"") != std::string::npos;
  // There are many NaNs, and one in XML.
  const bool has_nan = written->find(">NaN<") != std::string::npos;
  require(has_any || has_nan || canonical_bytes(back) == canonical_bytes(message),
          "it is read as it was", *written);
  M twice;
  const weft::Result<std::string> again = weft::to_xml(back, {.defaults = true});
  require(again.ok() && weft::from_xml(*again, twice).ok(), "it is written again", *written);
  require(has_any || canonical_bytes(twice) == canonical_bytes(back), "defaults change nothing",
          *written);
}

struct Target {
  template <class M>
  static void read(std::string_view text) {
    M message;
    if (weft::from_xml(text, message).ok()) write_and_read(message);
    const weft::XmlReadOptions lenient{
        .ignore_unknown = true, .marks = true, .max_depth = 20, .max_tags = 1000};
    static_cast<void>(weft::from_xml(text, message, lenient));
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
