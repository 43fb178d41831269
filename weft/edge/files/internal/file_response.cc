#include "weft/edge/files/internal/file_response.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/net/loop/offload.h"
#include "weft/rpc/http/broken_response.h"

namespace weft::edge {
namespace {

using rpc::HttpExchange;

// What is read of a file at a time.
constexpr std::size_t kPiece = kPieceBlock;

/// The fields of a response that a file has.
class FileFields {
 public:
  explicit FileFields(const Files& files) {
    for (const auto& [name, value] : files.fields) add(name, value);
    add("cache-control", files.cache_control);
    add("x-content-type-options", "nosniff");
  }
  /// Both must outlive this.
  void add(std::string_view name, std::string_view value) {
    if (!value.empty()) fields_.push_back({name, value});
  }
  rpc::HttpFields view() const noexcept { return fields_; }

 private:
  std::vector<rpc::HttpField> fields_;
};

int status_of(const Selection& selection) noexcept {
  switch (selection.answer) {
    case Selection::Answer::Whole:
      return 200;
    case Selection::Answer::Part:
      return 206;
    case Selection::Answer::NotModified:
      return 304;
    case Selection::Answer::PreconditionFailed:
      return 412;
    default:
      return 416;
  }
}

std::string content_range(const Chosen& chosen) {
  const Selection& part = chosen.selection;
  const std::string size = std::to_string(chosen.file.facts.size);
  if (part.answer == Selection::Answer::NotSatisfiable) return "bytes */" + size;
  if (part.answer != Selection::Answer::Part) return {};
  return "bytes " + std::to_string(part.first) + "-" + std::to_string(part.first + part.size - 1) +
         "/" + size;
}

Result<Bytes> read_piece(const std::shared_ptr<const OpenedFile>& file, std::uint64_t offset,
                         std::size_t size) {
  Result<Bytes> piece = file->read(offset, size);
  if (piece.ok() && piece->size() != size) {
    return unavailable("a file became shorter while it was sent");
  }
  return piece;
}

}  // namespace

bool begin_response(HttpExchange& exchange, const Chosen& chosen, const Files& files) {
  const KeptFile& file = chosen.file;
  const std::string range = content_range(chosen);
  const std::string length = std::to_string(chosen.has_content() ? chosen.selection.size : 0);
  FileFields fields(files);
  fields.add("etag", chosen.etag());
  fields.add("last-modified", file.modified);
  fields.add("accept-ranges", "bytes");
  fields.add("content-range", range);
  if (!file.gzip.empty()) fields.add("vary", "accept-encoding");
  if (chosen.has_content()) fields.add("content-type", file.type.name);
  if (chosen.has_content() && chosen.is_gzip) fields.add("content-encoding", "gzip");
  // A 304 has the length that the file would have (RFC 9110 section 8.6), or none.
  if (chosen.selection.answer != Selection::Answer::NotModified)
    fields.add("content-length", length);
  return exchange.begin(status_of(chosen.selection), fields.view()).ok();
}

Task<> send_from_disk(HttpExchange& exchange, std::shared_ptr<const OpenedFile> file,
                      Selection part) {
  const Status held = exchange.hold(kPiece);
  if (!held.ok()) throw rpc::BrokenResponse(held);
  while (part.size > 0) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, part.size));
    Bytes piece = file->read_at_once(part.first, size);
    if (piece.empty()) {
      Result<Bytes> read = co_await net::offload(read_piece, file, part.first, size);
      if (!read.ok()) throw rpc::BrokenResponse(read.status());
      piece = *std::move(read);
    }
    part.first += piece.size();
    part.size -= piece.size();
    Message message(std::move(piece));
    if (part.size == 0) message.set_last();
    const bool taken = co_await exchange.response().write(message);
    if (!taken) co_return;
  }
}

}  // namespace weft::edge
