#include "tools/weft/doctor/report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <unistd.h>

#include "weft/base/text/printable.h"

#include "tools/weft/call/call_trace.h"

namespace weft::cli {
namespace {

constexpr std::array<std::string_view, 7> kStepNames = {"name",   "connect",    "tls",    "http2",
                                                        "health", "reflection", "latency"};

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

/// Whether the terminal can show more than ASCII: by the locale, as POSIX orders its variables.
bool is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale = value;
    return locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
  }
  return false;
}

std::string_view word_of(Outcome outcome) noexcept {
  constexpr std::array<std::string_view, 4> kWords = {"ok", "note", "warning", "FAILED"};
  return kWords[static_cast<std::size_t>(outcome)];
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

int exit_status_of(Step step) noexcept { return 11 + static_cast<int>(step); }

std::string_view name_of(Step step) noexcept { return kStepNames[static_cast<std::size_t>(step)]; }

Report::Report(Form form, std::string address)
    : form_(form),
      address_(std::move(address)),
      style_(Style::of(STDOUT_FILENO)),
      symbols_(is_terminal(STDOUT_FILENO) && !is_dumb_terminal() && is_utf8()),
      width_(terminal_width(STDOUT_FILENO)) {}

void Report::add(const Finding& finding) {
  if (finding.outcome == Outcome::Warning) ++warnings_;
  if (finding.outcome == Outcome::Failed) {
    ++problems_;
    if (!failed_) failed_ = finding.step;
  }
  if (form_ == Form::Text) return print(finding);
  JsonMembers json;
  json.add("step", name_of(finding.step));
  json.add("outcome", finding.outcome == Outcome::Failed ? "failed" : word_of(finding.outcome));
  json.add("text", finding.text);
  if (finding.time) json.add_number("milliseconds", milliseconds(*finding.time));
  json.append(finding.json);
  if (!finding.advice.empty()) json.add("advice", finding.advice);
  json_.push_back(json.object());
}

std::string Report::mark(Outcome outcome) const {
  constexpr std::array<std::string_view, 4> kSymbols = {"✓", "·", "!", "✗"};
  const std::array<std::string_view, 4> colours = {style_.green, style_.dim, style_.yellow,
                                                   style_.red};
  const auto index = static_cast<std::size_t>(outcome);
  if (symbols_) return style_.paint(colours[index], kSymbols[index]) + " ";
  return style_.paint(colours[index], padded(std::string(word_of(outcome)), 8));
}

void Report::print(const Finding& finding) const {
  const std::size_t indent = (symbols_ ? 2 : 8) + 11;
  const std::string_view arrow = symbols_ ? "→ " : "fix: ";
  const std::size_t arrow_columns = symbols_ ? 2 : arrow.size();
  std::string out = mark(finding.outcome);
  out += style_.paint(style_.bold, padded(std::string(name_of(finding.step)), 11));
  out += wrapped(printable(finding.text), indent, width_);
  // How long a failure took is in its text where that is the point.
  if (finding.time && finding.outcome != Outcome::Failed) {
    out += style_.paint(style_.dim, " (" + short_duration(*finding.time) + ")");
  }
  for (const std::string& line : finding.details) {
    const std::size_t own = std::min(line.find_first_not_of(' '), line.size());
    out.append("\n").append(indent + own, ' ');
    out += wrapped(printable(std::string_view(line).substr(own)), indent + own, width_);
  }
  for (const std::string& line : finding.advice) {
    out.append("\n").append(indent, ' ').append(style_.paint(style_.yellow, arrow));
    out += wrapped(printable(line), indent + arrow_columns, width_);
  }
  std::printf("%s\n", out.c_str());
  std::fflush(stdout);
}

int Report::finish() {
  const int status = failed_ ? exit_status_of(*failed_) : 0;
  if (form_ == Form::Json) {
    JsonMembers json;
    json.add("address", address_);
    json.add_json("steps", json_array(json_));
    json.add_json("failed", failed_ ? json_quoted(name_of(*failed_)) : "null");
    json.add("warnings", static_cast<std::int64_t>(warnings_));
    json.add("exit_status", std::int64_t{status});
    std::printf("%s\n", json.object().c_str());
    return status;
  }
  std::string conclusion = style_.paint(style_.green, "no problem found");
  if (failed_) {
    conclusion = style_.paint(style_.red, counted(problems_, "problem"));
    conclusion.append(", the first at the step '").append(name_of(*failed_)).append("'");
  }
  if (warnings_ != 0) conclusion += ", " + counted(warnings_, "warning");
  std::printf("%s: %s\n", printable(address_).c_str(), conclusion.c_str());
  return status;
}

}  // namespace weft::cli
