#include "weft/telemetry/otlp/log_exporter.h"

#include <utility>

#include "weft/codec/schema/wire.h"
#include "weft/telemetry/otlp/internal/otlp_values.h"
#include "weft/telemetry/otlp/internal/signal_facts.h"

namespace weft::telemetry {

LogExporter::LogExporter(internal::LogQueue& queue, net::Loop& loop, const OtlpOptions& options,
                         const std::vector<Attribute>& resource,
                         std::unique_ptr<internal::Sender> sender)
    : queue_(queue),
      dropped_before_(queue.dropped()),
      options_(options),
      resource_(internal::encode_resource(resource)),
      delivery_(loop, options, internal::facts_of(OtlpSignal::Logs).items, std::move(sender)) {}

Task<> LogExporter::run() {
  // Once more after stop(), for what was logged during the export before.
  for (bool is_last = false; !is_last && !delivery_.is_cancelled();) {
    is_last = delivery_.is_stopping();
    co_await delivery_.wait_for_more();
    co_await flush();
  }
}

Task<> LogExporter::flush() {
  while (!delivery_.is_cancelled()) {
    codec::OutputBytes lines;
    const std::size_t count = queue_.drain(lines, options_.batch_items, options_.batch_bytes);
    if (count == 0) break;
    static_cast<void>(co_await delivery_.send(count, internal::enclose(resource_, lines.view())));
  }
  if (delivery_.is_cancelled()) delivery_.give_up(queue_.clear());
  delivery_.note_dropped(stats().dropped, "the queue was full");
}

ExportStats LogExporter::stats() const noexcept {
  ExportStats stats = delivery_.stats();
  stats.dropped = queue_.dropped() - dropped_before_;
  return stats;
}

}  // namespace weft::telemetry
