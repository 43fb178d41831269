#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <unistd.h>

#include "weft/transaction/saga/stored_sagas.h"

#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"
#include "tools/weft/saga/saga_store.h"
#include "tools/weft/saga/saga_text.h"
#include "tools/weft/store/store_command.h"

namespace weft::cli {
namespace {

using transaction::SagaState;
using transaction::StoredSagas;

constexpr const char* kExamples = R"(Examples:
  weft saga list /var/lib/trips/sagas.db
  weft saga stuck postgres://trips@db1/trips --json
  weft saga show sagas.db trip-4711
  weft saga questions sagas.db
  weft saga answer sagas.db trip-4711 approve yes
  weft saga undo sagas.db trip-4711
  weft saga resume sagas.db trip-4711

STORE is a file of SQLite's, sqlite:FILE, or a URL of PostgreSQL. undo and resume change what is
stored; a process that runs sagas on the same store then makes the calls.)";

struct SagaFlags : StoreFlags {
  std::string question;
  std::string answer;
  std::vector<SagaState> states;
};
using Flags = std::shared_ptr<const SagaFlags>;

constexpr auto kRows = [](const auto& items) { return rows_of(items); };
constexpr auto kJson = [](const auto& item) { return json_of(item); };

const std::vector<SagaState> kOpen = {SagaState::Running,   SagaState::Undoing,
                                      SagaState::Finishing, SagaState::Stuck,
                                      SagaState::UndoStuck, SagaState::FinishStuck};
const std::vector<SagaState> kStuck = {SagaState::Stuck, SagaState::UndoStuck,
                                       SagaState::FinishStuck};
const std::vector<SagaState> kOver = {SagaState::Done, SagaState::Undone};

Task<int> list(Flags flags) {
  Result<StoredSagas> sagas = co_await open_sagas(flags->store, sql::Access::ReadOnly);
  if (!sagas.ok()) co_return report(sagas.status());
  const auto found = co_await sagas->list(flags->states, flags->most);
  if (!found.ok()) co_return report(found.status());
  print(*found, *flags, "no such sagas", kRows, kJson);
  co_return 0;
}

Task<int> questions(Flags flags) {
  Result<StoredSagas> sagas = co_await open_sagas(flags->store, sql::Access::ReadOnly);
  if (!sagas.ok()) co_return report(sagas.status());
  const auto pending = co_await sagas->pending(flags->most);
  if (!pending.ok()) co_return report(pending.status());
  print(*pending, *flags, "no questions", kRows, kJson);
  co_return 0;
}

Task<int> show(Flags flags) {
  Result<StoredSagas> sagas = co_await open_sagas(flags->store, sql::Access::ReadOnly);
  if (!sagas.ok()) co_return report(sagas.status());
  const auto saga = co_await sagas->find(flags->id);
  if (!saga.ok()) co_return report(saga.status());
  const auto steps = co_await sagas->steps(flags->id);
  if (!steps.ok()) co_return report(steps.status());
  if (flags->json) {
    std::printf("%s\n", json_of(*saga, *steps).c_str());
    co_return 0;
  }
  const std::vector<transaction::SagaSummary> one(1, *saga);
  print(one, *flags, "", kRows, kJson);
  std::fputs("\n", stdout);
  std::fputs(table_of(rows_of(*steps), Style::of(STDOUT_FILENO)).c_str(), stdout);
  co_return 0;
}

Task<int> change(Flags flags, Task<Status> (*how)(StoredSagas&, const SagaFlags&)) {
  Result<StoredSagas> sagas = co_await open_sagas(flags->store, sql::Access::ReadWrite);
  if (!sagas.ok()) co_return report(sagas.status());
  const Status status = co_await how(*sagas, *flags);
  co_return report(status);
}
Task<Status> answer_in(StoredSagas& sagas, const SagaFlags& flags) {
  return sagas.answer(flags.id, flags.question, flags.answer);
}
Task<Status> undo_in(StoredSagas& sagas, const SagaFlags& flags) { return sagas.undo(flags.id); }
Task<Status> resume_in(StoredSagas& sagas, const SagaFlags& flags) {
  return sagas.resume(flags.id);
}
Task<int> answer(Flags flags) { return change(std::move(flags), answer_in); }
Task<int> undo(Flags flags) { return change(std::move(flags), undo_in); }
Task<int> resume(Flags flags) { return change(std::move(flags), resume_in); }

}  // namespace

void add_saga_command(CLI::App& app, Command& chosen) {
  CLI::App& command =
      *app.add_subcommand("saga", "Look into the sagas of a store, and repair them");
  command.footer(kExamples);
  command.require_subcommand(1);
  const auto [list_command, list_flags] = add_store_command(
      command, chosen, "list", "List sagas that are not over, the oldest first", list);
  add_list_flags(*list_command, *list_flags);
  list_flags->states = kOpen;
  list_command->add_flag_callback(
      "--over", [flags = list_flags] { flags->states = kOver; }, "Those that are over instead");
  const auto [stuck_command, stuck_flags] = add_store_command(
      command, chosen, "stuck", "List sagas that wait for a person to repair them", list);
  add_list_flags(*stuck_command, *stuck_flags);
  stuck_flags->states = kStuck;
  const auto [questions_command, questions_flags] = add_store_command(
      command, chosen, "questions", "List questions that wait for an answer", questions);
  add_list_flags(*questions_command, *questions_flags);
  const auto [show_command, show_flags] =
      add_store_command(command, chosen, "show", "Show a saga with its steps", show);
  show_command->add_option("ID", show_flags->id, "The saga")->required();
  show_command->add_flag("--json", show_flags->json, "One JSON object");
  const auto [answer_command, answer_flags] =
      add_store_command(command, chosen, "answer", "Answer a question of a saga", answer);
  answer_command->add_option("ID", answer_flags->id, "The saga")->required();
  answer_command->add_option("QUESTION", answer_flags->question, "Its name")->required();
  answer_command->add_option("ANSWER", answer_flags->answer, "Text, as the saga expects it")
      ->required();
  const auto [undo_command, undo_flags] =
      add_store_command(command, chosen, "undo", "Have a saga undone that runs or is stuck", undo);
  undo_command->add_option("ID", undo_flags->id, "The saga")->required();
  const auto [resume_command, resume_flags] =
      add_store_command(command, chosen, "resume", "Let a stuck saga go on where it was", resume);
  resume_command->add_option("ID", resume_flags->id, "The saga")->required();
}

}  // namespace weft::cli
