#include "weft/security/envoy/internal/fields.h"

#include "weft/base/log.h"
#include "weft/base/log/log_once.h"
#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"

namespace weft::security::internal {
namespace {

void passed_over(std::string_view name) {
  static LogOnce once;
  if (!once.is_new(name)) return;
  log(LogLevel::Warn, "a service that decides about calls wants to change their field \"" +
                          printable(cut_text(name)) + "\", which it may not");
}

bool may_be_changed(std::string_view name) {
  return Metadata::may_be_sent(name) && !name.ends_with("-bin");
}

}  // namespace

void put_field(Metadata& to, std::string_view name, std::string_view value, Put how) {
  const std::string lower = ascii::lower(std::string(name));
  Metadata alone;
  alone.add(lower, value);
  if (!may_be_changed(lower) || !alone.validate().ok()) return passed_over(lower);
  if (how == Put::Replaced) to.remove(lower);
  to.add(lower, value);
}

void remove_field(Metadata& from, std::string_view name) {
  const std::string lower = ascii::lower(std::string(name));
  if (!may_be_changed(lower)) return passed_over(lower);
  from.remove(lower);
}

}  // namespace weft::security::internal
