#include "weft/security/audit/internal/audit_record.h"

#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "weft/base/log/component.h"
#include "weft/base/log/record.h"
#include "weft/base/text/json_text.h"
#include "weft/base/text/number_text.h"
#include "weft/base/text/text_cut.h"
#include "weft/base/text/utc_text.h"
#include "weft/coro/context_log.h"
#include "weft/rpc/call/peer.h"
#include "weft/rpc/call/principal.h"

namespace weft::security::internal {
namespace {

LogComponent component("security.audit");

// In bytes; escaped, one may be six.
constexpr std::size_t kMostPath = 512;
constexpr std::size_t kMostText = 256;

/// Members of an object, the first without a comma.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) {}
  Members& text(std::string_view key, std::string_view value, std::size_t most = kMostText) {
    if (!value.empty()) begin(key).append(json_quoted(cut_text(value, most)));
    return *this;
  }
  std::string& begin(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    return out_.append("\"").append(key).append("\":");
  }

 private:
  std::string& out_;
  bool first_ = true;
};

/// "the call has no credentials" and the like: of weft's own refusals and of a middleware's. What a
/// handler says of another error may hold anything.
std::string_view reason_of(const Status& status) noexcept {
  const bool refused =
      status.code() == StatusCode::Unauthenticated || status.code() == StatusCode::PermissionDenied;
  return refused ? status.message() : std::string_view();
}

std::string_view name_of(const AuditedDecision& decision) noexcept {
  if (!decision.is_made) return {};
  return decision.allowed ? "allow" : "deny";
}

std::string seconds_text(Duration took) {
  std::array<char, 32> digits{};
  const double seconds = std::chrono::duration<double>(took).count();
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), seconds,
                                  std::chars_format::fixed, 6)
                        .ptr;
  return {digits.data(), end};
}

void add_caller(Members& members, const Principal* who) {
  if (who == nullptr) return;
  std::string& out = members.begin("caller");
  out += '{';
  Members(out)
      .text("subject", who->subject)
      .text("issuer", who->issuer)
      .text("scheme", who->scheme);
  out += '}';
}

void add_trace(Members& members, const TraceContext& trace) {
  if (!trace.valid()) return;
  std::string id;
  append_hex(id, trace.trace_id);
  members.text("trace_id", id);
}

}  // namespace

std::string audit_record(const Call& call, const AuditedDecision& decision, const Status& status,
                         Duration took) {
  std::string out;
  out.reserve(512);
  Members members(out);
  members.text("event", "call")
      .text(
          "time",
          utc_text(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())))
      .text("method", call.path(), kMostPath);
  add_caller(members, call.principal());
  if (call.peer() != nullptr) members.text("peer", call.peer()->describe());
  members.text("status", weft::name_of(status.code()))
      .text("reason", reason_of(status))
      .text("decision", name_of(decision))
      .text("policy", decision.policy)
      .text("rule", decision.rule);
  add_trace(members, call.context().trace());
  members.begin("seconds").append(seconds_text(took));
  return out;
}

void log_audit(const Call& call, const AuditedDecision& decision, const Status& status,
               Duration took) {
  std::vector<LogField> fields{{"method", call.path()}};
  const std::shared_ptr<const Principal> who = call.share_principal();
  if (who != nullptr) {
    fields.push_back({"subject", who->subject});
    fields.push_back({"issuer", who->issuer});
    fields.push_back({"scheme", who->scheme});
  }
  std::string peer;
  if (call.peer() != nullptr) fields.push_back({"peer", peer = call.peer()->describe()});
  fields.push_back({"status", weft::name_of(status.code())});
  if (!reason_of(status).empty()) fields.push_back({"reason", reason_of(status)});
  if (decision.is_made) {
    fields.push_back({"decision", name_of(decision)});
    fields.push_back({"policy", decision.policy});
    fields.push_back({"rule", decision.rule});
  }
  fields.push_back({"duration", took});
  log_fields(call.context(), component, LogLevel::Info, "audit", fields);
}

}  // namespace weft::security::internal
