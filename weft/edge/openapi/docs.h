#pragma once

#include <memory>
#include <string>

#include "weft/rpc/http/http_handler.h"

namespace weft::edge {

struct DocsPage {
  /// Where it is served, with its script and its style below that.
  std::string path = "/docs";
  /// OpenApi::path.
  std::string document = "/openapi.json";
};

/// What Server::add() takes:
///
///     server.add(weft::edge::openapi({.title = "Library"}));
///     server.add(weft::edge::docs());
///
/// A page for people that lists the operations of a document of OpenAPI, shows their schemas, and
/// calls them, streams included: each message shows when it comes. It needs nothing from elsewhere,
/// and its Content-Security-Policy lets it load and call this server only. Paths that are not of
/// letters, digits, '/', '-', '_' and '.' end the program.
std::shared_ptr<rpc::HttpHandler> docs(DocsPage options = {});

}  // namespace weft::edge
