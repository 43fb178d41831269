// The small texts of gRPC's protocol: what was written is read again as it was, what is read obeys
// the protocol page, and nothing else is taken for it.
//
// Input: the text. Everything is tried on it.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/rpc/grpc/google_status.h"
#include "weft/rpc/grpc/grpc_wire.h"
#include "weft/rpc/grpc/load_report.h"

namespace {

using namespace weft;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", rule);
  std::abort();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void timeouts(std::string_view text) {
  // "1*8DIGIT TimeoutUnit"
  const bool valid = text.size() >= 2 && text.size() <= 9 &&
                     std::all_of(text.begin(), text.end() - 1, is_digit) &&
                     std::string_view("HMSmun").find(text.back()) != std::string_view::npos;
  Duration parsed{};
  require(rpc::parse_timeout(text, parsed) == valid, "timeouts are what the grammar says");
  if (!valid) return;
  require(parsed >= Duration::zero(), "a timeout is not negative");
  char written[9];
  const std::size_t size = rpc::format_timeout(parsed, written);
  require(size >= 2 && size <= sizeof written, "a timeout fits its field");
  Duration again{};
  require(rpc::parse_timeout({written, size}, again), "a timeout that was written can be read");
  require(again >= parsed, "a timeout is rounded up");
  require(again - parsed <= Duration(parsed.count() / 1'000'000 + 1), "and by little");
}

void statuses(std::string_view text) {
  StatusCode code{};
  if (!rpc::parse_status(text, code)) return;
  require(static_cast<int>(code) <= 16, "a status is from 0 to 16");
  require(std::stoi(std::string(text)) == static_cast<int>(code), "a status is its number");
}

void percent(std::string_view text) {
  std::string encoded;
  rpc::percent_encode(text, encoded);
  const auto printable = [](char c) { return c >= 0x20 && c <= 0x7e; };
  require(std::all_of(encoded.begin(), encoded.end(), printable), "escaped text is printable");
  require(rpc::percent_decode(encoded) == text, "escaped text comes back");
  require(rpc::percent_decode(text).size() <= text.size(), "unescaping makes shorter");
}

void base64(std::string_view text) {
  std::string encoded;
  rpc::base64_encode(text, encoded);
  require(encoded.size() == (text.size() * 4 + 2) / 3, "base64 is not padded");
  std::string back = "before";
  require(rpc::base64_decode(encoded, back) && back == "before" + std::string(text),
          "base64 comes back");
  encoded.append((4 - encoded.size() % 4) % 4, '=');
  back.clear();
  require(rpc::base64_decode(encoded, back) && back == text, "padded base64 comes back");

  std::string decoded = "before";
  if (!rpc::base64_decode(text, decoded)) {
    require(decoded == "before", "what is no base64 adds nothing");
    return;
  }
  std::string again;
  rpc::base64_encode(std::string_view(decoded).substr(6), again);
  const std::string_view digits = text.substr(0, text.find('='));
  require(digits.size() == again.size(), "base64 has the length of its bytes");
  // The last digit may carry bits that mean nothing.
  require(again.empty() || digits.substr(0, digits.size() - 1) ==
                               std::string_view(again).substr(0, again.size() - 1),
          "base64 is read digit by digit");
}

/// The text as a value, and as a name and a value where it has a colon.
void metadata(std::string_view text) {
  Metadata received;
  const http2::HeaderField list{.name = "list-bin", .value = text};
  const std::size_t commas = static_cast<std::size_t>(std::count(text.begin(), text.end(), ','));
  constexpr std::size_t kLimit = 4096;
  const bool taken = rpc::add_received(list, received, kLimit) == rpc::Received::Taken;
  require(received.size() == (taken ? commas + 1 : 0), "a list comes whole or not at all");
  require(commas == 0 || received.wire_size() <= kLimit, "a list stays within the limit");

  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return;
  Metadata sent;
  sent.add(text.substr(0, colon), text.substr(colon + 1));
  sent.add("other-bin", text);
  if (!sent.validate().ok()) return;
  std::vector<http2::HeaderField> fields;
  std::string scratch;
  rpc::append_fields(sent, fields, scratch);
  require(fields.size() == 2, "each pair is a field");
  Metadata back;
  for (const http2::HeaderField& field : fields) {
    require(rpc::add_received(field, back, SIZE_MAX) == rpc::Received::Taken,
            "what may be sent can be received");
  }
  require(back.size() == 2, "each field is a pair");
  const bool binary = sent[0].name.ends_with("-bin");
  if (binary) require(back[0].value == sent[0].value, "bytes come back");
  require(binary || sent[0].value.find(back[0].value) != std::string_view::npos,
          "text comes back, but for spaces at its ends");
  require(back[0].name == sent[0].name && back[1].value == text, "names and bytes come back");
}

void details(std::string_view text) {
  const Result<GoogleStatus> status = read_google_status(text);
  if (!status.ok()) return;
  const std::string written = write_google_status(static_cast<StatusCode>(status->code & 15),
                                                  status->message, status->details);
  const Result<GoogleStatus> again = read_google_status(written);
  require(again.ok() && again->code == (status->code & 15), "a written status can be read");
  require(again->message == status->message, "its message comes back");
  require(again->details.size() == status->details.size(), "its details come back");
  for (std::size_t i = 0; i < again->details.size(); ++i) {
    require(again->details[i].type_url == status->details[i].type_url &&
                again->details[i].value == status->details[i].value,
            "a detail comes back");
  }
}

void load_reports(std::string_view text) {
  const std::optional<cluster::LoadReport> report = read_load_report(text);
  if (!report) return;
  for (const double value : {report->cpu_utilization, report->application_utilization,
                             report->rps_fractional, report->eps}) {
    require(std::isfinite(value) && value >= 0, "a balancer can reckon with what is reported");
  }
  const std::string written = write_load_report(*report);
  const std::optional<cluster::LoadReport> again = read_load_report(written);
  require(again && write_load_report(*again) == written, "a report is read as it was written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  timeouts(text);
  statuses(text);
  percent(text);
  base64(text);
  metadata(text);
  details(text);
  if (rpc::content_type_of(text) != rpc::ContentType::NotGrpc) {
    require(text.size() >= 16, "a content type names gRPC");
  }
  load_reports(text);
  return 0;
}
