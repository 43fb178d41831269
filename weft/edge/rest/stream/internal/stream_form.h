#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/rpc/http/http_handler.h"

/// How a response of several messages is written:
///
///     Array    [{"n":1},           application/json
///              {"n":2}]
///     Lines    {"n":1}             application/x-ndjson
///              {"n":2}
///     Events   data: {"n":1}       text/event-stream (HTML Living Standard, "Server-sent events")
///
///              data: {"n":2}
///
///              event: end
///              data: {}
///
/// A status that is not OK comes last, behind messages: in Array and Lines as `{"error": status}`,
/// in Events as the event `error`, whose data is the status; it is a google.rpc.Status. Raw is
/// the data of google.api.HttpBody, one behind the other, which has no place for a status.
namespace weft::edge::rest {

enum class StreamForm : std::uint8_t { Array, Lines, Events, Raw };

/// What the request's Accept asks for (RFC 9110 section 12.5.1): of those that it prefers the
/// first. `otherwise` where it names none of them.
StreamForm accepted_form(const rpc::HttpHead& head, StreamForm otherwise) noexcept;

/// Whether a media type is that of Lines: application/x-ndjson, or one of its other names.
bool is_lines(std::string_view content_type) noexcept;

std::string_view content_type_of(StreamForm form) noexcept;

/// What is written for a message, whose JSON has one line in Lines and Events.
std::string framed(StreamForm form, std::string_view json, bool is_first);

/// What ends a response that has `any` message before it.
std::string stream_end(StreamForm form, const Status& status, bool any);

/// What keeps a connection without messages from being taken for dead; empty where a form has no
/// such thing.
std::string_view heartbeat(StreamForm form) noexcept;

}  // namespace weft::edge::rest
