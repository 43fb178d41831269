#include "weft/cluster/resolvers/internal/target_options.h"

namespace weft::cluster {

Status refuse_options(const TargetParts& target) {
  if (target.query.empty()) return ok_status();
  return invalid_argument("target '" + target.text + "': option '" + target.query.begin()->first +
                          "' is not known; " + target.scheme + " has no options");
}

}  // namespace weft::cluster
