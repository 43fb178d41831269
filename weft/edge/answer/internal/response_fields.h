#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/status.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/http/http_handler.h"

namespace weft::edge {

/// The fields of a response, with their text.
class ResponseFields {
 public:
  /// The name is in lower case.
  void add(std::string_view name, std::string_view value);
  /// Metadata as HTTP has them, those in `-bin` as base64; each name behind `prefix`.
  void add(const Metadata& metadata, std::string_view prefix = {});
  /// Of all fields, as HTTP/2 counts them (RFC 9113 section 6.5.2).
  std::size_t size() const noexcept { return text_.size() + entries_.size() * 32; }
  /// Valid until something is added.
  rpc::HttpFields view();
  /// The same as lines `name: value`, as trailers of gRPC-Web. One line for each name, with all
  /// values: there are clients that keep the last of several lines.
  std::string lines() const;

 private:
  struct Entry {
    std::size_t at;
    std::size_t name;
    std::size_t value;
  };
  std::string_view name(const Entry& entry) const noexcept {
    return std::string_view(text_).substr(entry.at, entry.name);
  }
  std::string_view value(const Entry& entry) const noexcept {
    return std::string_view(text_).substr(entry.at + entry.name, entry.value);
  }

  std::string text_;
  std::vector<Entry> entries_;
  std::vector<rpc::HttpField> fields_;
};

/// The value of metadata as fields have it.
std::string field_value(const Metadata::Entry& entry);

/// OK, or INTERNAL naming what a handler has put into `what` ("trailers") and HTTP has for itself,
/// or RESOURCE_EXHAUSTED where they are larger than ServerOptions::max_metadata_size, `limit`;
/// `metadata` is empty then.
Status check_metadata(Metadata& metadata, std::string_view what, std::size_t limit);

}  // namespace weft::edge
