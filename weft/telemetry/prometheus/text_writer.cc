#include "weft/telemetry/prometheus/text_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "weft/base/text/number_text.h"

namespace weft::telemetry {
namespace {

void append_integer(std::string& out, std::uint64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out.append("NaN");
  } else if (std::isinf(value)) {
    out.append(value > 0 ? "+Inf" : "-Inf");
  } else {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
  }
}

/// OpenMetrics wants bounds to be seen as floating-point numbers, and both formats have to agree or
/// series would change with the format.
std::string bound_text(double bound) {
  std::string text;
  append_number(text, bound);
  if (text.find_first_of(".en") == std::string::npos) text.append(".0");
  return text;
}

/// Of label values, and of descriptions in OpenMetrics.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out.append("\\\\");
    } else if (c == '\n') {
      out.append("\\n");
    } else if (c == '"' && quotes) {
      out.append("\\\"");
    } else {
      out.push_back(c);
    }
  }
}

std::string_view type_of(MetricKind kind) noexcept {
  switch (kind) {
    case MetricKind::Counter:
      return "counter";
    case MetricKind::Histogram:
      return "histogram";
    default:
      return "gauge";
  }
}

}  // namespace

TextWriter::TextWriter(Registry& registry, TextFormat format)
    : format_(format), metrics_(registry.metrics()) {}

bool TextWriter::write(std::string& out, std::size_t size) {
  const std::size_t before = out.size();
  while (out.size() - before < size && write_next(out)) {
  }
  return out.size() != before;
}

/// A series, or what comes before or after. False when all is written.
bool TextWriter::write_next(std::string& out) {
  if (metric_ == nullptr) {
    if (next_ < metrics_.size()) {
      begin(*metrics_[next_++]);
      return true;
    }
    if (std::exchange(ended_, true)) return false;
    if (format_ == TextFormat::OpenMetrics) out.append("# EOF\n");
    return true;
  }
  Point point;
  if (!collection_->next(point)) {
    metric_ = nullptr;
    collection_.reset();
    return true;
  }
  if (!std::exchange(has_head_, true)) write_head(out);
  write_point(out, point);
  return true;
}

void TextWriter::begin(Metric& metric) {
  metric_ = &metric;
  has_head_ = false;
  collection_.emplace(metric);
  label_names_.clear();
  bounds_.clear();
  for (const std::string_view label : metric.declaration().labels) {
    label_names_.push_back(prometheus_label(label));
  }
  for (const double bound : metric.declaration().bounds) bounds_.push_back(bound_text(bound));
  if (metric.declaration().kind == MetricKind::Histogram) bounds_.emplace_back("+Inf");
}

void TextWriter::write_head(std::string& out) const {
  const Declaration& declaration = metric_->declaration();
  const bool open = format_ == TextFormat::OpenMetrics;
  std::string family = metric_->prometheus();
  // Text 0.0.4 has no families: the name there is that of the samples.
  if (!open && declaration.kind == MetricKind::Counter) family.append("_total");
  if (!declaration.description.empty()) {
    out.append("# HELP ").append(family).push_back(' ');
    append_escaped(out, declaration.description, open);
    out.push_back('\n');
  }
  out.append("# TYPE ").append(family).append(" ").append(type_of(declaration.kind)).append("\n");
  const std::string_view unit = prometheus_unit(declaration);
  if (open && !unit.empty())
    out.append("# UNIT ").append(family).append(" ").append(unit).append("\n");
}

void TextWriter::make_labels(const Point& point) {
  labels_.clear();
  if (point.is_overflow) {
    labels_.append("otel_metric_overflow=\"true\"");
    return;
  }
  for (std::size_t i = 0; i < label_names_.size(); ++i) {
    if (point.labels[i].empty()) continue;  // to Prometheus the same as a label that is not there
    if (!labels_.empty()) labels_.push_back(',');
    labels_.append(label_names_[i]).append("=\"");
    append_escaped(labels_, point.labels[i], true);
    labels_.push_back('"');
  }
}

void TextWriter::write_point(std::string& out, const Point& point) {
  make_labels(point);
  if (metric_->declaration().kind == MetricKind::Histogram) return write_histogram(out, point);
  out.append(metric_->prometheus());
  if (metric_->declaration().kind == MetricKind::Counter) out.append("_total");
  if (!labels_.empty()) out.append("{").append(labels_).append("}");
  out.push_back(' ');
  append_number(out, point.value);
  if (metric_->declaration().kind == MetricKind::Counter) write_exemplar(out, point, 0);
  out.push_back('\n');
}

void TextWriter::write_histogram(std::string& out, const Point& point) {
  const std::string& name = metric_->prometheus();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < point.buckets.size(); ++i) {
    count += point.buckets[i];
    out.append(name).append("_bucket{").append(labels_);
    if (!labels_.empty()) out.push_back(',');
    out.append("le=\"").append(bounds_[i]).append("\"} ");
    append_integer(out, count);
    write_exemplar(out, point, i);
    out.push_back('\n');
  }
  const std::string labels = labels_.empty() ? std::string() : "{" + labels_ + "}";
  out.append(name).append("_sum").append(labels).push_back(' ');
  append_number(out, point.sum);
  out.append("\n").append(name).append("_count").append(labels).push_back(' ');
  append_integer(out, count);
  out.push_back('\n');
}

void TextWriter::write_exemplar(std::string& out, const Point& point, std::size_t bucket) const {
  if (format_ != TextFormat::OpenMetrics) return;
  for (const Exemplar& exemplar : point.exemplars) {
    if (exemplar.bucket != bucket) continue;
    out.append(" # {trace_id=\"");
    append_hex(out, exemplar.trace_id);
    out.append("\",span_id=\"");
    append_hex(out, exemplar.span_id);
    out.append("\"} ");
    append_number(out, exemplar.value);
    return;
  }
}

}  // namespace weft::telemetry
