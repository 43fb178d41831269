#include "weft/foreign/go_rpc/internal/gob_client_format.h"

#include <utility>

#include <google/protobuf/descriptor.h>

#include "weft/foreign/gob/value_reader.h"
#include "weft/foreign/internal/error_text.h"

namespace weft::foreign {
namespace {

constexpr int kMostDepth = 100;

}  // namespace

Status GobClientFormat::call(std::uint64_t id, std::string_view name, const MessageTypes& types,
                             std::string_view message, std::string& out) {
  std::string parameter;
  Status written = writer_.message(*types.request, message, parameter);
  // Definitions that were made before a failure count as sent.
  if (written.ok()) {
    put_gob_request({.method = std::string(name), .sequence = id, .error = {}}, writer_, out);
  }
  out.append(parameter);
  return written;
}

ClientFormat::Next GobClientFormat::next(const PendingTypes& pending, Answer& out) {
  GobStream::Value value;
  switch (answers_.next(value)) {
    case GobStream::Next::NeedMore:
      return Next::NeedMore;
    case GobStream::Next::Value:
      read_result(value, pending, out);
      return Next::Answer;
    case GobStream::Next::Broken:
      break;
  }
  answers_.fail(Status(StatusCode::Internal, answers_.error().message(), Origin::Transport)
                    .with_prefix("the server's answer"));
  return Next::Broken;
}

void GobClientFormat::read_result(const GobStream::Value& value, const PendingTypes& pending,
                                  Answer& out) {
  const GobHeader& header = answers_.header();
  out.id = header.sequence;
  const MessageTypes* const types = pending.types_of(out.id);
  if (types == nullptr) return;
  if (!header.error.empty()) {
    out.status = status_of_error(header.error);
    return;
  }
  Result<Bytes> message =
      ValueReader(answers_.types(), kMostDepth).message(value, *types->response);
  if (message.ok()) {
    out.message = *std::move(message);
  } else {
    out.status = internal_error("the server's result is no " + types->response->type().full_name() +
                                ": " + std::string(message.status().message()));
  }
}

}  // namespace weft::foreign
