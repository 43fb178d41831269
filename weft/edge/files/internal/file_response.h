#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "weft/base/bytes.h"
#include "weft/coro/task.h"
#include "weft/edge/files/files.h"
#include "weft/edge/files/internal/kept_file.h"
#include "weft/edge/files/internal/opened_file.h"
#include "weft/edge/files/internal/selection.h"
#include "weft/rpc/http/http_handler.h"

namespace weft::edge {

/// A file, and which of its representations is asked for.
struct Chosen {
  const KeptFile& file;
  bool is_gzip;
  Selection selection;

  Chosen(const KeptFile& of, const rpc::HttpHead& head)
      : file(of),
        // Ranges are of the content as it is.
        is_gzip(!of.gzip.empty() && head.field("range").empty() && accepts_gzip(head)),
        selection(select(head, {.etag = etag(), .modified = of.modified, .size = size()})) {}

  const std::string& etag() const noexcept { return is_gzip ? file.gzip_etag : file.etag; }
  std::uint64_t size() const noexcept { return is_gzip ? file.gzip.size() : file.facts.size; }
  bool has_content() const noexcept {
    return selection.answer == Selection::Answer::Whole ||
           selection.answer == Selection::Answer::Part;
  }
  /// Of a file that is in memory; nothing where the answer has none.
  Bytes content() const {
    if (!has_content() || file.is_on_disk()) return {};
    return (is_gzip ? file.gzip : file.content).slice(selection.first, selection.size);
  }
};

/// Begins the response; its content follows where `chosen` has one. False where it could not.
bool begin_response(rpc::HttpExchange& exchange, const Chosen& chosen, const Files& files);
/// Sends a part of a file as it is read. Throws rpc::BrokenResponse where that fails.
Task<> send_from_disk(rpc::HttpExchange& exchange, std::shared_ptr<const OpenedFile> file,
                      Selection part);

}  // namespace weft::edge
