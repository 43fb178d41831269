#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/rpc/http/http_handler.h"

namespace weft::edge {

/// Where the files of files() are, and how they are served.
struct Files {
  /// What their paths begin with: "/", or "/app" without a "/" at its end.
  std::string path = "/";
  /// The folder that they are in. It may be a link, and be made to lead elsewhere while the server
  /// runs. Without one, the files are `embedded`.
  std::string folder{};
  /// Files that are part of the program: their paths below `path` without a "/" in front, and
  /// their content, which must outlive the server.
  std::vector<std::pair<std::string, std::string_view>> embedded{};
  /// What is served for a folder's path, which ends in "/"; empty: nothing.
  std::string index = "index.html";
  /// The file that is served, with 200, for a path that there is no file for and whose last part
  /// has no ".": the page of a single-page application, whose script reads the path. Empty: 404.
  std::string fallback{};
  /// The field Cache-Control. By default a client asks each time whether its copy is the newest,
  /// and is told 304 if so.
  std::string cache_control = "no-cache";
  /// Further fields of every response; their names in lower case.
  std::vector<std::pair<std::string, std::string>> fields{};
  /// How many bytes of files of at most 256 KiB are kept in memory. Larger ones are read anew for
  /// each request.
  std::uint64_t memory = std::uint64_t{64} * 1024 * 1024;
};

/// What Server::add() takes:
///
///     server.add(weft::edge::protocols());
///     server.add(weft::edge::files({.folder = "web/dist", .fallback = "index.html"}));
///
/// Static files for GET and HEAD (RFC 9110): with types by their names' endings, ETag and
/// Last-Modified with their conditions, single ranges, and gzip for text of at most 256 KiB. It
/// takes every path that begins with Files::path, so a handler of some of these is added before.
///
/// What is changed in the folder shows within a second. Names that begin with "." are not served,
/// except for ".well-known". A link is followed inside of the folder, and never out of it, nor is
/// ".."; what is no plain file does not exist. Disks are read on threads of their own.
///
/// Server::start() fails with INVALID_ARGUMENT for options that cannot be followed, and with
/// NOT_FOUND where there is no such folder.
std::shared_ptr<rpc::HttpHandler> files(Files options);

}  // namespace weft::edge
