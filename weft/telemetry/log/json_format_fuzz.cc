#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "weft/base/text/printable.h"
#include "weft/telemetry/log/json_format.h"

/// Whatever the bytes of a message, a key and a value, the line is one line and one JSON object.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view half = text.substr(size / 2);
  const std::array<weft::LogField, 2> fields = {{{half, text}, {text, half}}};
  const weft::LogRecord record{.level = weft::LogLevel::Info, .message = text, .fields = fields};
  for (const auto names :
       {weft::telemetry::JsonNames::OpenTelemetry, weft::telemetry::JsonNames::Ecs}) {
    std::string line;
    weft::telemetry::JsonFormat(names, std::string(half)).append(line, record);
    google::protobuf::Struct object;
    if (!weft::is_printable(line)) std::abort();
    if (!google::protobuf::util::JsonStringToMessage(line, &object).ok()) std::abort();
  }
  return 0;
}
