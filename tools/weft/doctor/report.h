#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/time.h"

#include "tools/weft/json/json_members.h"
#include "tools/weft/terminal.h"

namespace weft::cli {

/// The steps from a name to an answered call, in their order.
enum class Step : std::uint8_t { Name, Connect, Tls, Http2, Health, Reflection, Latency };

enum class Outcome : std::uint8_t {
  Ok,
  Note,     ///< not there, and need not be
  Warning,  ///< works, but not for everybody or not for long
  Failed,
};

/// What was seen at a step.
struct Finding {
  Step step = Step::Name;
  Outcome outcome = Outcome::Ok;
  std::string text;  ///< one line
  std::optional<Duration> time;
  std::vector<std::string> details;  ///< lines
  std::vector<std::string> advice;   ///< what to change, and where
  JsonMembers json;                  ///< what programs want to know beyond `text`
};

/// How findings are shown: as text while they come, or as one JSON object at the end.
class Report {
 public:
  enum class Form : std::uint8_t { Text, Json };
  Report(Form form, std::string address);

  void add(const Finding& finding);
  /// Writes the conclusion. The exit status: 0, or that of the first step that failed.
  int finish();

 private:
  void print(const Finding& finding) const;
  std::string mark(Outcome outcome) const;

  Form form_;
  std::string address_;
  Style style_;
  bool symbols_;
  std::size_t width_;
  std::vector<std::string> json_;
  std::optional<Step> failed_;
  std::size_t problems_ = 0;
  std::size_t warnings_ = 0;
};

/// 11 for the first step, and so on: what `weft doctor` exits with when it failed there.
int exit_status_of(Step step) noexcept;
std::string_view name_of(Step step) noexcept;

}  // namespace weft::cli
