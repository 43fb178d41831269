#include "tools/weft/call/status_text.h"

#include <cstdio>
#include <memory>

#include <google/protobuf/descriptor.h>
#include <unistd.h>

#include "weft/base/text/printable.h"
#include "weft/rpc/grpc/google_status.h"

#include "google/rpc/error_details.pb.h"
#include "tools/weft/json/json_codec.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

/// The types that are linked into this program.
const Schema& own_schema() {
  static const Schema schema(
      std::shared_ptr<const pb::DescriptorPool>(
          std::shared_ptr<void>(), google::rpc::ErrorInfo::descriptor()->file()->pool()),
      {}, {});
  return schema;
}

/// "{...}", or how many bytes it has where the type is not known or does not parse.
std::string detail_text(const StatusDetail& detail, const std::string& type, const Schema* schema) {
  for (const Schema* known : {schema, &own_schema()}) {
    if (known == nullptr) continue;
    const pb::Descriptor* descriptor = known->pool().FindMessageTypeByName(type);
    if (descriptor == nullptr) continue;
    const Result<std::string> json = decode_to_json(*known, *descriptor, std::string(detail.value));
    if (json.ok()) return *json;
  }
  return "(" + std::to_string(detail.value.size()) + " bytes of a type that is not known here)";
}

std::string details_text(const Status& status, const Schema* schema, const Style& style) {
  if (status.details().empty()) return {};
  const Result<GoogleStatus> details = read_google_status(status.details());
  if (!details.ok()) {
    return "\n  (" + std::to_string(status.details().size()) +
           " bytes of details that are not a google.rpc.Status)";
  }
  std::string out;
  for (const StatusDetail& detail : details->details) {
    const std::string type(detail.type_url.substr(detail.type_url.rfind('/') + 1));
    out += "\n  " + style.paint(style.bold, printable(type)) + " " +
           printable(detail_text(detail, type, schema));
  }
  return out;
}

/// Messages of this process may have several lines, and what they quote is printable. Others have
/// one, so that they cannot look like output of this program.
std::string message_text(const Status& status) {
  return status.origin() == Origin::Local ? printable_lines(status.message())
                                          : printable(status.message());
}

}  // namespace

int exit_status(const Status& status) noexcept {
  if (status.ok()) return 0;
  const bool usage =
      status.code() == StatusCode::InvalidArgument && status.origin() == Origin::Local;
  return usage ? kUsageError : 64 + static_cast<int>(status.code());
}

std::string status_text(const Status& status, const Schema* schema, const Style& style) {
  const bool usage = exit_status(status) == kUsageError;
  std::string out = style.paint(style.red, usage ? "weft" : name_of(status.code()));
  if (!status.message().empty()) out += ": " + message_text(status);
  return out + details_text(status, schema, style);
}

int report(const Status& status, const Schema* schema) {
  if (status.ok()) return 0;
  const std::string text = status_text(status, schema, Style::of(STDERR_FILENO));
  std::fprintf(stderr, "%s\n", text.c_str());
  return exit_status(status);
}

}  // namespace weft::cli
