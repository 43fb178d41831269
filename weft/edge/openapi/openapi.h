#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "weft/codec/json/json.h"
#include "weft/rpc/http/http_handler.h"

namespace weft::edge {

struct OpenApi {
  /// Of the document.
  std::string title = "API";
  std::string version = "1";
  std::string description{};
  /// Where it is served.
  std::string path = "/openapi.json";
  /// As those of edge::protocols(), whose JSON it describes.
  JsonWriteOptions json{};
  /// Comments of the .proto files, which become descriptions: a FileDescriptorSet, as
  /// `protoc --include_source_info --include_imports --descriptor_set_out` writes it. Compiled code
  /// has no comments.
  std::string descriptors{};
  /// Whether unary methods are described as plain JSON, `POST /pkg.Service/Method`, beside their
  /// rules of google.api.http.
  bool methods = true;
  /// Bytes of the document; a larger one fails Server::start() with RESOURCE_EXHAUSTED.
  std::size_t max_size = std::size_t{16} << 20;
};

/// What Server::add() takes:
///
///     server.add(weft::edge::openapi({.title = "Library"}));
///
/// Describes the server's services in OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0), for GET and HEAD
/// of OpenApi::path. The document is made once, when the server starts. It names every method to
/// whoever asks, as reflection does. Added before edge::protocols() where rules of google.api.http
/// could have its path too. See docs/guide/openapi.md.
std::shared_ptr<rpc::HttpHandler> openapi(OpenApi options = {});

}  // namespace weft::edge
