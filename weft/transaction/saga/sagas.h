#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/codec/protobuf.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/service.h"
#include "weft/storage/sql/database.h"
#include "weft/transaction/saga/saga.h"
#include "weft/transaction/saga/saga_stats.h"

namespace weft::transaction {

class SagasOptions {
 public:
  // No aggregate: GCC 12 destroys a temporary one twice inside a co_await expression.
  explicit SagasOptions(sql::Database store) : database(std::move(store)) {}

  /// Where sagas are kept; the tables are made by start().
  sql::Database database;
  /// Where the calls of a service ("shop.Bank") go, such as a Channel. Null: the service is not
  /// known now; the call is tried again later.
  std::function<std::shared_ptr<Service>(std::string_view service)> find;
  /// How long a process that does not answer stays the owner of its sagas.
  Duration lease = std::chrono::seconds(10);
  /// Each attempt of a call.
  Duration call_timeout = std::chrono::seconds(10);
  /// Pauses between attempts: the first, twice as long each time, up to the longest.
  Duration first_pause = std::chrono::milliseconds(100);
  Duration longest_pause = std::chrono::seconds(30);
  /// An undo that fails for so long waits for a person.
  Duration undo_for = std::chrono::hours(1);
  /// How often run() looks at a saga that another process owns, and a new question for its answer.
  Duration poll = std::chrono::seconds(1);
  std::size_t max_input = 1 << 20;    ///< bytes
  std::size_t max_request = 1 << 20;  ///< bytes, of a step and of its undo
  std::size_t max_reply = 1 << 20;    ///< bytes, of a step and of the saga
  std::size_t max_steps = 1000;       ///< of a saga, with its sleeps; a sleep beyond parks it
  std::size_t max_running = 10'000;   ///< sagas of this process at a time
};

namespace internal {
/// The coroutine of a saga, with its input and its reply as bytes.
using Body = std::function<Task<Result<std::string>>(Saga&, const std::string& input)>;

struct Code {
  Body body;
  std::string input_type;
  std::string reply_type;
};

template <class Reply, class Input>
Task<Result<std::string>> run_body(Task<Result<Reply>> (*body)(Saga&, const Input&), Saga& saga,
                                   std::string encoded) {
  Input input;
  Status status = codec::parse(Bytes::copy_of(encoded), input);
  if (!status.ok()) co_return status;
  const Result<Reply> reply = co_await body(saga, input);
  if (!reply.ok()) co_return reply.status();
  co_return std::string(CallData("", *reply).request());
}
}  // namespace internal

/// Runs sagas and keeps them in a database. Belongs to the loop that it is started on; destroying
/// it is as a crash: the sagas go on where another has the same store and the same code.
class Sagas {
 public:
  explicit Sagas(SagasOptions options);
  Sagas(const Sagas&) = delete;
  Sagas& operator=(const Sagas&) = delete;
  ~Sagas();

  /// Before start(). `name` is stored with each saga. ALREADY_EXISTS for a name that is taken.
  template <class Reply, class Input>
  Status add(std::string name, Task<Result<Reply>> (*body)(Saga&, const Input&)) {
    return add_code(std::move(name), {[body](Saga& saga, const std::string& input) {
                                        return internal::run_body<Reply, Input>(body, saga, input);
                                      },
                                      Input().GetTypeName(), Reply().GetTypeName()});
  }
  /// Makes the tables and takes over what others have left; from then on looks for such sagas.
  Task<Status> start();
  /// Takes over the sagas whose owner is gone and whose code is here; how many. start() does this
  /// again and again.
  Task<Result<std::size_t>> recover();

  /// Runs a saga to its end and gives its answer. The same id is the same saga: a second run()
  /// joins the first, or gives the stored answer. Cancelling it ends the waiting, not the saga, and
  /// so does destroying the Sagas: CANCELLED.
  ///
  /// - NOT_FOUND: no code has this name. INVALID_ARGUMENT: id, types or sizes.
  /// - ALREADY_EXISTS: the id is that of a saga with another name or input.
  /// - FAILED_PRECONDITION: the saga waits for a person; the message says why.
  /// - Else why the saga was undone.
  template <class Reply, class Input>
  Task<Result<Reply>> run(std::string_view name, std::string_view id, const Input& input) {
    return typed<Reply>(run_encoded(std::string(name), std::string(id),
                                    CallData("", input).request(), input.GetTypeName(),
                                    Reply().GetTypeName()));
  }

  /// Answers a question of a saga, wherever that runs; this or the process that runs it may crash
  /// afterwards. Another process sees it within SagasOptions::poll, of an old question within 30 s.
  ///
  /// - NOT_FOUND: there is no such saga, or it has not come to the question.
  /// - FAILED_PRECONDITION: it was answered already, its deadline has passed, or the saga has gone
  ///   on without it.
  /// - RESOURCE_EXHAUSTED: more than SagasOptions::max_reply.
  Task<Status> answer(std::string id, std::string question, std::string answer);
  /// Questions without an answer, of all processes; the oldest first.
  Task<Result<std::vector<PendingQuestion>>> pending(std::size_t most = 1000);

  /// Sagas that this process runs now.
  std::size_t running() const noexcept;
  /// An entry for each name that was added, and a last one without a name for sagas that this
  /// process undoes without their code. From any thread, after the last add().
  std::vector<SagaStats> stats() const;
  /// What is not over in the store, of all processes: two statements.
  Task<Result<SagaBacklog>> backlog();

 private:
  class Impl;
  Status add_code(std::string name, internal::Code code);
  Task<Result<std::string>> run_encoded(std::string name, std::string id, std::string input,
                                        std::string input_type, std::string reply_type);
  template <class Reply>
  static Task<Result<Reply>> typed(Task<Result<std::string>> task) {
    const Result<std::string> encoded = co_await std::move(task);
    if (!encoded.ok()) co_return encoded.status();
    Reply reply;
    Status status = codec::parse(Bytes::copy_of(*encoded), reply);
    if (!status.ok()) co_return status;
    co_return reply;
  }

  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::transaction
