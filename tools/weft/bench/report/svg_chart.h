#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::cli::bench {

/// How the values of one direction of a chart lie along it.
class ChartAxis {
 public:
  using Label = std::string (*)(double value);
  struct Tick {
    double value;
    std::string label;
  };

  /// From 0 to a round number not below `high`, with round ticks.
  static ChartAxis linear(double high, Label label);
  /// As above, to `high` exactly: for time.
  static ChartAxis linear_exact(double high, Label label);
  /// From below `low` to above `high`, both above 0, a step for every factor.
  static ChartAxis logarithmic(double low, double high, Label label);
  /// From `low` to `high` with these ticks.
  static ChartAxis with_ticks(double low, double high, std::vector<Tick> ticks);

  /// From 0 at the low end to 1 at the high one; what is beyond lies at the end.
  double position(double value) const noexcept;
  const std::vector<Tick>& ticks() const noexcept { return ticks_; }

 private:
  double low_ = 0;
  double high_ = 1;
  bool logarithmic_ = false;
  std::vector<Tick> ticks_;
};

/// A chart as SVG that takes its colours from the page's style sheet: classes `line`, `area` and
/// `bar`, each with the name of a series beside it.
class SvgChart {
 public:
  using Point = std::pair<double, double>;

  /// `title` is what a screen reader says.
  SvgChart(std::string_view title, ChartAxis x, ChartAxis y);

  void add_line(std::string_view series, const std::vector<Point>& points);
  /// The space between the points and the bottom.
  void add_area(std::string_view series, const std::vector<Point>& points);
  void add_bar(std::string_view series, double from, double to, double height);
  /// Text that shows where the mouse is between two values.
  void add_note(double from, double to, std::string_view text);
  /// A vertical line with a word on top.
  void add_mark(double x, std::string_view label);

  /// The chart; nothing can be added any more.
  std::string finish();

 private:
  double left(double value) const noexcept;
  double top(double value) const noexcept;
  void add_axes();
  std::string path(const std::vector<Point>& points) const;

  ChartAxis x_;
  ChartAxis y_;
  std::string out_;
  std::string notes_;  // above everything else
};

/// Text as HTML shows it, on one line, and as it may stand in an attribute. What a page must not
/// show, and what HTML does not have at all, such as most controls, is printable().
std::string html_escaped(std::string_view text);

}  // namespace weft::cli::bench
