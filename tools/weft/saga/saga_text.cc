#include "tools/weft/saga/saga_text.h"

#include <chrono>
#include <string_view>

#include "weft/base/log/log_value.h"
#include "weft/storage/sql/timestamp.h"

#include "tools/weft/json/json_members.h"

namespace weft::cli {
namespace {

using transaction::PendingQuestion;
using transaction::SagaSummary;
using transaction::StepRecord;
using Rows = std::vector<std::vector<std::string>>;

sql::Timestamp time_of(std::int64_t millis) {
  return sql::Timestamp(std::chrono::milliseconds(millis));
}

std::string shown(const Status& status) {
  return status.ok() ? "-" : log_value(status.to_string());
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

/// What a step is about: a method, a moment, or a question's text.
std::string subject_of(const StepRecord& step) {
  switch (step.kind) {
    case transaction::StepKind::Sleep:
      return "until " + sql::to_text(time_of(step.due));
    case transaction::StepKind::Ask:
      return log_value(step.call.request()) +
             (step.state == transaction::StepState::Done ? " " + log_value(step.reply) : "");
    default:
      return step.call.path().empty() ? "-" : log_value(step.call.path());
  }
}

JsonMembers members_of(const SagaSummary& saga) {
  JsonMembers members;
  members.add("id", saga.id).add("name", saga.name).add("state", name_of(saga.state));
  members.add("started", sql::to_text(saga.started)).add("epoch", saga.epoch);
  members.add("owner", saga.owner).add_bool("is_owned", saga.is_owned);
  if (!saga.status.ok()) members.add("status", saga.status.to_string());
  return members;
}

std::string json_of(const StepRecord& step) {
  JsonMembers members;
  members.add("name", step.name).add("kind", name_of(step.kind)).add("state", name_of(step.state));
  if (!step.call.path().empty()) members.add("method", step.call.path());
  if (!step.undo.path().empty()) members.add("undo_method", step.undo.path());
  if (step.kind == transaction::StepKind::Ask) {
    members.add("text", step.call.request()).add("otherwise", step.undo.request());
    if (step.state == transaction::StepState::Done) members.add("answer", step.reply);
  } else if (step.kind == transaction::StepKind::Sleep) {
    members.add("until", sql::to_text(time_of(step.due)));
  } else {
    members.add("request_hex", hex(step.call.request()));
    members.add("undo_request_hex", hex(step.undo.request())).add("reply_hex", hex(step.reply));
  }
  if (!step.status.ok()) members.add("status", step.status.to_string());
  return members.object();
}

}  // namespace

Rows rows_of(const std::vector<SagaSummary>& sagas) {
  Rows rows = {{"ID", "NAME", "STATE", "STARTED", "OWNED", "STATUS"}};
  for (const SagaSummary& saga : sagas) {
    rows.push_back({log_value(saga.id), log_value(saga.name), std::string(name_of(saga.state)),
                    sql::to_text(saga.started), saga.is_owned ? "yes" : "no", shown(saga.status)});
  }
  return rows;
}

Rows rows_of(const std::vector<StepRecord>& steps) {
  Rows rows = {{"STEP", "KIND", "STATE", "ABOUT", "UNDO", "STATUS"}};
  for (const StepRecord& step : steps) {
    rows.push_back({log_value(step.name), std::string(name_of(step.kind)),
                    std::string(name_of(step.state)), subject_of(step),
                    step.undo.path().empty() ? "-" : log_value(step.undo.path()),
                    shown(step.status)});
  }
  return rows;
}

Rows rows_of(const std::vector<PendingQuestion>& questions) {
  Rows rows = {{"SAGA", "NAME", "QUESTION", "ASKED", "DEADLINE", "OTHERWISE", "TEXT"}};
  for (const PendingQuestion& question : questions) {
    rows.push_back(
        {log_value(question.saga), log_value(question.saga_name), log_value(question.question),
         sql::to_text(question.asked), question.deadline ? sql::to_text(*question.deadline) : "-",
         question.deadline ? log_value(question.otherwise) : "-", log_value(question.text)});
  }
  return rows;
}

std::string json_of(const SagaSummary& saga) { return members_of(saga).object(); }

std::string json_of(const SagaSummary& saga, const std::vector<StepRecord>& steps) {
  std::vector<std::string> objects;
  for (const StepRecord& step : steps) objects.push_back(json_of(step));
  return members_of(saga).add_json("steps", json_array(objects)).object();
}

std::string json_of(const PendingQuestion& question) {
  JsonMembers members;
  members.add("saga", question.saga).add("name", question.saga_name);
  members.add("question", question.question).add("text", question.text);
  members.add("asked", sql::to_text(question.asked));
  if (question.deadline) {
    members.add("deadline", sql::to_text(*question.deadline));
    members.add("otherwise", question.otherwise);
  }
  return members.object();
}

}  // namespace weft::cli
