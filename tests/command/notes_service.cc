#include "tests/command/notes_service.h"

#include <string>

#include "weft/net/loop.h"
#include "weft/rpc/google_status.h"

namespace weft::test {

Task<Result<notes::Note>> Notes::Echo(ServerContext& context, const notes::Note& request) {
  for (const Metadata::Entry entry : context.metadata()) {
    if (!entry.name.starts_with("x-")) continue;
    context.response_metadata().add(entry.name, entry.value);
    context.trailers().add(entry.name, entry.value);
  }
  return request;
}

Task<Result<notes::Summary>> Notes::Collect(ServerContext&, Reader<notes::Note>& reader) {
  notes::Summary summary;
  notes::Note note;
  while (co_await reader.read(note)) {
    summary.set_count(summary.count() + 1);
    *summary.mutable_text() += note.text();
  }
  co_return summary;
}

Task<Status> Notes::Repeat(ServerContext&, const notes::Note& request,
                           Writer<notes::Note>& writer) {
  for (int i = 0; i < request.times(); ++i) {
    const bool written = co_await writer.write(request);
    if (!written) co_return writer.status();
  }
  co_return ok_status();
}

Task<Status> Notes::Chat(ServerContext&, Reader<notes::Note>& reader, Writer<notes::Note>& writer) {
  notes::Note note;
  while (co_await reader.read(note)) {
    if (note.text() == "stop") co_return aborted("stopped");
    const bool written = co_await writer.write(note);
    if (!written) co_return writer.status();
  }
  co_return reader.status();
}

Task<Result<notes::Note>> Notes::Fail(ServerContext&, const notes::Failure& request) {
  const Status status(static_cast<StatusCode>(request.code()), request.message());
  if (!request.has_note()) return status;
  return with_detail(status, request.note());
}

Task<Result<notes::Note>> Notes::Hang(ServerContext&, const notes::Note&) {
  Status status = co_await net::sleep(std::chrono::hours(1));
  if (status.ok()) status = internal_error("nobody ended the call");
  co_return status;
}

}  // namespace weft::test
