#pragma once

#include "notes.weft.h"

namespace weft::test {

/// The service of notes.proto.
class Notes final : public notes::NotesService {
 public:
  Task<Result<notes::Note>> Echo(ServerContext& context, const notes::Note& request) override;
  Task<Result<notes::Summary>> Collect(ServerContext& context,
                                       Reader<notes::Note>& reader) override;
  Task<Status> Repeat(ServerContext& context, const notes::Note& request,
                      Writer<notes::Note>& writer) override;
  Task<Status> Chat(ServerContext& context, Reader<notes::Note>& reader,
                    Writer<notes::Note>& writer) override;
  Task<Result<notes::Note>> Fail(ServerContext& context, const notes::Failure& request) override;
  Task<Result<notes::Note>> Hang(ServerContext& context, const notes::Note& request) override;
};

}  // namespace weft::test
