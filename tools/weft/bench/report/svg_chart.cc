#include "tools/weft/bench/report/svg_chart.h"

#include <algorithm>
#include <cmath>

#include "weft/base/text/number_text.h"
#include "weft/base/text/printable.h"

namespace weft::cli::bench {
namespace {

// Of the drawing, which the page scales to the room there is.
constexpr double kWidth = 720;
constexpr double kHeight = 260;
constexpr double kLeft = 62;
constexpr double kRight = 16;
constexpr double kTop = 18;
constexpr double kBottom = 30;
constexpr double kTicks = 5;

std::string number(double value) { return number_text(value, 1); }

std::string attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + number(value) + "\"";
}

/// The smallest of 1, 2, 5, 10, ... times a power of ten that is not below `value`.
double round_step(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= value * 0.999) return factor * power;
  }
  return 10 * power;
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

ChartAxis ChartAxis::linear(double high, Label label) {
  const double step = round_step(std::max(high, 1e-9) / kTicks);
  return linear_exact(std::ceil(std::max(high, 1e-9) / step - 1e-9) * step, label);
}

ChartAxis ChartAxis::linear_exact(double high, Label label) {
  ChartAxis axis;
  axis.high_ = std::max(high, 1e-9);
  const double step = round_step(axis.high_ / kTicks);
  for (int i = 0; i * step <= axis.high_ * 1.001; ++i) {
    axis.ticks_.push_back({i * step, label(i * step)});
  }
  return axis;
}

ChartAxis ChartAxis::logarithmic(double low, double high, Label label) {
  ChartAxis axis;
  axis.logarithmic_ = true;
  axis.low_ = low / 1.1;
  axis.high_ = std::max(high * 1.1, low * 2);
  const double decades = std::log10(axis.high_ / axis.low_);
  const std::vector<double> factors = decades < 1.2   ? std::vector<double>{1, 1.5, 2, 3, 5, 7}
                                      : decades < 3.2 ? std::vector<double>{1, 2, 5}
                                                      : std::vector<double>{1};
  for (double power = std::pow(10, std::floor(std::log10(axis.low_))); power <= axis.high_;
       power *= 10) {
    for (const double factor : factors) {
      const double value = power * factor;
      if (value < axis.low_ || value > axis.high_) continue;
      axis.ticks_.push_back({value, label(value)});
    }
  }
  return axis;
}

ChartAxis ChartAxis::with_ticks(double low, double high, std::vector<Tick> ticks) {
  ChartAxis axis;
  axis.low_ = low;
  axis.high_ = high;
  axis.ticks_ = std::move(ticks);
  return axis;
}

double ChartAxis::position(double value) const noexcept {
  double share = 0;
  if (logarithmic_) {
    share = value <= 0 ? 0 : std::log(value / low_) / std::log(high_ / low_);
  } else {
    share = (value - low_) / (high_ - low_);
  }
  return std::clamp(share, 0.0, 1.0);
}

SvgChart::SvgChart(std::string_view title, ChartAxis x, ChartAxis y)
    : x_(std::move(x)), y_(std::move(y)) {
  out_ = "<svg viewBox=\"0 0 720 260\" role=\"img\" aria-label=\"" + html_escaped(title) + "\">\n";
  add_axes();
}

double SvgChart::left(double value) const noexcept {
  return kLeft + x_.position(value) * (kWidth - kLeft - kRight);
}

double SvgChart::top(double value) const noexcept {
  return kHeight - kBottom - y_.position(value) * (kHeight - kTop - kBottom);
}

void SvgChart::add_axes() {
  for (const ChartAxis::Tick& tick : y_.ticks()) {
    const double y = top(tick.value);
    out_ += "<line class=\"grid\"" + attribute("x1", kLeft) + attribute("x2", kWidth - kRight) +
            attribute("y1", y) + attribute("y2", y) + "/>";
    out_ += "<text class=\"y\"" + attribute("x", kLeft - 8) + attribute("y", y + 4) + ">" +
            html_escaped(tick.label) + "</text>\n";
  }
  for (const ChartAxis::Tick& tick : x_.ticks()) {
    const double x = left(tick.value);
    out_ += "<line class=\"tick\"" + attribute("x1", x) + attribute("x2", x) +
            attribute("y1", kHeight - kBottom) + attribute("y2", kHeight - kBottom + 5) + "/>";
    out_ += "<text class=\"x\"" + attribute("x", x) + attribute("y", kHeight - kBottom + 19) + ">" +
            html_escaped(tick.label) + "</text>\n";
  }
}

std::string SvgChart::path(const std::vector<Point>& points) const {
  std::string out;
  for (const auto& [x, y] : points) {
    out += (out.empty() ? "M" : "L") + number(left(x)) + " " + number(top(y));
  }
  return out;
}

void SvgChart::add_line(std::string_view series, const std::vector<Point>& points) {
  if (points.empty()) return;
  out_ += "<path class=\"line " + std::string(series) + "\" d=\"" + path(points) + "\"/>\n";
}

void SvgChart::add_area(std::string_view series, const std::vector<Point>& points) {
  if (points.empty()) return;
  const std::string bottom = number(kHeight - kBottom);
  out_ += "<path class=\"area " + std::string(series) + "\" d=\"" + path(points) + "L" +
          number(left(points.back().first)) + " " + bottom + "L" +
          number(left(points.front().first)) + " " + bottom + "Z\"/>\n";
}

void SvgChart::add_bar(std::string_view series, double from, double to, double height) {
  const double x = left(from);
  const double y = top(height);
  out_ += "<rect class=\"bar " + std::string(series) + "\"" + attribute("x", x) +
          attribute("y", y) + attribute("width", std::max(left(to) - x - 1, 0.7)) +
          attribute("height", std::max(kHeight - kBottom - y, 0.0)) + "/>\n";
}

void SvgChart::add_note(double from, double to, std::string_view text) {
  const double x = left(from);
  notes_ += "<rect class=\"note\"" + attribute("x", x) + attribute("y", kTop) +
            attribute("width", std::max(left(to) - x, 0.5)) +
            attribute("height", kHeight - kTop - kBottom) + "><title>" + html_escaped(text) +
            "</title></rect>\n";
}

void SvgChart::add_mark(double x, std::string_view label) {
  const double at = left(x);
  out_ += "<line class=\"mark\"" + attribute("x1", at) + attribute("x2", at) +
          attribute("y1", kTop) + attribute("y2", kHeight - kBottom) + "/><text class=\"x\"" +
          attribute("x", at) + attribute("y", kTop - 6) + ">" + html_escaped(label) + "</text>\n";
}

std::string SvgChart::finish() { return std::move(out_) + notes_ + "</svg>\n"; }

}  // namespace weft::cli::bench
