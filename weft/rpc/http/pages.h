#pragma once

#include <memory>
#include <string>

#include "weft/rpc/http/http_handler.h"

/// Small pages for the ports of a server, for GET and HEAD; other methods are answered 405.
namespace weft::rpc {

/// Probes: `/healthz` is 200 as long as the server answers at all. `/readyz` is 200 while the
/// server is SERVING in grpc.health.v1 (Server::set_serving()), and 503 otherwise and from a stop's
/// beginning on; `/readyz?service=name` is the same for one service, 404 for an unknown one.
std::shared_ptr<HttpHandler> probe_pages();

/// `/`: what this server is, which services it has, and how they are called, in words. `title`
/// is its first line. It names every service, as reflection does.
std::shared_ptr<HttpHandler> front_page(std::string title = "A weft server");

/// A text that does not change, at one path.
std::shared_ptr<HttpHandler> text_page(std::string path, std::string text,
                                       std::string content_type = "text/plain; charset=utf-8");

}  // namespace weft::rpc
