#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/telemetry/metrics/collection.h"
#include "weft/telemetry/metrics/registry.h"
#include "weft/telemetry/prometheus/accept.h"

namespace weft::telemetry {

/// Writes a registry's metrics as Prometheus scrapes them, piece by piece, so that nobody has to
/// hold the whole. A series is written as it is when its turn comes.
///
///     TextWriter writer(registry, TextFormat::OpenMetrics);
///     std::string piece;
///     while (writer.write(piece, 16 * 1024)) { send(piece); piece.clear(); }
///
/// Escaping is that of the formats: backslash, quote and line feed of values; texts are UTF-8
/// already (valid_text()).
class TextWriter {
 public:
  TextWriter(Registry& registry, TextFormat format);
  TextWriter(const TextWriter&) = delete;
  TextWriter& operator=(const TextWriter&) = delete;

  /// Appends at least `size` bytes to `out`, less at the end, and at most some kilobytes more:
  /// those of one series. False when there was nothing left.
  bool write(std::string& out, std::size_t size);

 private:
  bool write_next(std::string& out);
  void begin(Metric& metric);
  void write_head(std::string& out) const;
  void write_point(std::string& out, const Point& point);
  void write_histogram(std::string& out, const Point& point);
  void write_exemplar(std::string& out, const Point& point, std::size_t bucket) const;
  void make_labels(const Point& point);

  const TextFormat format_;
  const std::vector<Metric*> metrics_;
  std::size_t next_ = 0;
  bool ended_ = false;

  // Of the metric that is being written.
  Metric* metric_ = nullptr;
  std::optional<Collection> collection_;
  bool has_head_ = false;
  std::vector<std::string> label_names_;
  std::vector<std::string> bounds_;  // `le` as text
  std::string labels_;               // of the point: `a="b",c="d"`
};

}  // namespace weft::telemetry
