#pragma once

#include <cstdint>
#include <string_view>

#include "weft/rpc/http/http_handler.h"

namespace weft::edge {

/// What a response could be made of.
struct Representation {
  std::string_view etag;      ///< strong, with its quotes
  std::string_view modified;  ///< as Last-Modified has it; empty: not known
  std::uint64_t size = 0;
};

/// What a GET or HEAD is answered with.
struct Selection {
  enum class Answer : std::uint8_t {
    Whole,               ///< 200
    Part,                ///< 206: `size` bytes from `first`
    NotModified,         ///< 304
    PreconditionFailed,  ///< 412
    NotSatisfiable,      ///< 416
  };
  Answer answer = Answer::Whole;
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

/// By the conditions of RFC 9110 section 13 and the range of section 14. Dates are compared as they
/// were sent: a client has them from Last-Modified. Of several ranges the whole is made, which
/// section 14.2 allows.
Selection select(const rpc::HttpHead& head, const Representation& representation);

/// Whether Accept-Encoding has gzip (RFC 9110 section 12.5.3).
bool accepts_gzip(const rpc::HttpHead& head) noexcept;

}  // namespace weft::edge
