#include "weft/rpc/server/internal/answer_metadata.h"

#include <string>
#include <utility>

#include "weft/base/log.h"

namespace weft::rpc {

Status drop_invalid(std::string_view path, Metadata& metadata, std::string_view what) {
  const Status valid = metadata.validate();
  if (valid.ok()) return {};
  return drop_metadata(path, metadata,
                       internal_error(std::string("the handler's ")
                                          .append(what)
                                          .append(" cannot be sent: ")
                                          .append(valid.message())));
}

Status drop_metadata(std::string_view path, Metadata& metadata, Status why) {
  metadata.clear();
  log(LogLevel::Error, std::string(path) + ": " + std::string(why.message()));
  return why;
}

}  // namespace weft::rpc
