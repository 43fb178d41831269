#include "weft/storage/postgres/internal/connection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <openssl/ssl.h>

#include "weft/storage/postgres/internal/postgres_error.h"

namespace weft::postgres {
namespace {

constexpr std::string_view kUnknownStatement = "26000";
constexpr std::string_view kNotSupported = "0A000";

/// Of what TLS has read ahead, before others have their turn.
constexpr int kReadsInARow = 8;

/// Bytes that OpenSSL has decrypted and libpq has not read: the socket says nothing of them.
bool has_read_ahead(PGconn* connection) noexcept {
  if (PQsslInUse(connection) == 0) return false;
  auto* const ssl = static_cast<SSL*>(PQsslStruct(connection, "OpenSSL"));
  return ssl != nullptr && SSL_pending(ssl) > 0;
}

/// Of INSERT, UPDATE, DELETE and MERGE; the tag of a SELECT has the number of its rows.
std::uint64_t changed_rows(PGresult* result) noexcept {
  const std::string_view tag = PQcmdStatus(result);
  constexpr std::array<std::string_view, 4> kWriting{"INSERT", "UPDATE", "DELETE", "MERGE"};
  const bool writes = std::any_of(kWriting.begin(), kWriting.end(),
                                  [&](std::string_view word) { return tag.starts_with(word); });
  const std::string_view count = writes ? PQcmdTuples(result) : "";
  std::uint64_t rows = 0;
  std::from_chars(count.data(), count.data() + count.size(), rows);
  return rows;
}

/// PostgreSQL does not say so by a SQLSTATE of its own, but by where its code found out.
bool says_plan_changed(const PGresult* result) noexcept {
  const char* const function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
  return has_state(result, kNotSupported) && function != nullptr &&
         std::string_view(function) == "RevalidateCachedQuery";
}

}  // namespace

Connection::Connection(net::Loop& loop, Connected connected, const Options& options,
                       ConnectionOwner& owner)
    : Timer(&Connection::cancel_timed_out),
      loop_(loop),
      options_(options),
      owner_(owner),
      connected_(std::move(connected)),
      names_(options.prepared_statements),
      opened_(loop.now()),
      idle_since_(opened_) {
  net::StreamHandler& handler = *this;
  readiness_.emplace(loop_, PQsocket(connected_.connection.get()), handler);
  broken_ = !readiness_->watches();
  readiness_->want_read();
}

Connection::~Connection() = default;

bool Connection::outside_transaction() const noexcept {
  return PQtransactionStatus(connected_.connection.get()) == PQTRANS_IDLE;
}

// ---- Sending -----------------------------------------------------------------------------------

void Connection::send(JobPtr job) {
  if (broken_) return job->end(error_with(kConnectionFailure, "the connection was lost"));
  job->connection = this;
  if (cancelling_) {
    held_.push_back(std::move(job));
    return;
  }
  sent_.push_back({std::move(job), {}});
  const bool first = sent_.size() == 1;
  if (!write(sent_.back())) {
    break_off(PQerrorMessage(connected_.connection.get()));
    return;
  }
  if (first) begin_head();
  flush();
}

bool Connection::write(Sent& sent) {
  PGconn* const connection = connected_.connection.get();
  const bool written = sent.job->kind == Job::Kind::Control
                           ? PQsendQueryParams(connection, sent.job->statement.text().c_str(), 0,
                                               nullptr, nullptr, nullptr, nullptr, 0) == 1
                           : write_statement(sent);
  return written && PQpipelineSync(connection) == 1;
}

bool Connection::write_statement(Sent& sent) {
  PGconn* const connection = connected_.connection.get();
  const std::string& text = sent.job->statement.text();
  if (const std::string* const name = names_.find(text)) {
    sent.name = *name;
    return write_runs(sent);
  }
  const PreparedNames::Added added = names_.add(text);
  sent.name = added.name;
  sent.prepares = true;
  if (added.evicted.has_value()) {
    sent.deallocates = true;
    const std::string deallocate = "DEALLOCATE " + *added.evicted;
    if (PQsendQueryParams(connection, deallocate.c_str(), 0, nullptr, nullptr, nullptr, nullptr,
                          0) != 1) {
      return false;
    }
  }
  return PQsendPrepare(connection, sent.name.c_str(), text.c_str(), 0, nullptr) == 1 &&
         write_runs(sent);
}

bool Connection::write_runs(const Sent& sent) {
  const sql::Statement& statement = sent.job->statement;
  const std::size_t each = statement.parameters_each();
  for (std::size_t run = 0; run < statement.runs(); ++run) {
    parameters_.set(statement.parameters(), run * each, each);
    if (PQsendQueryPrepared(connected_.connection.get(), sent.name.c_str(), parameters_.count(),
                            parameters_.values(), parameters_.lengths(), parameters_.formats(),
                            0) != 1) {
      return false;
    }
  }
  return true;
}

void Connection::flush() {
  const int left = PQflush(connected_.connection.get());
  if (left == 1) readiness_->want_write();
  // A failed write is told by the read that follows: what the server said last may be there.
}

// ---- Receiving ---------------------------------------------------------------------------------

void Connection::on_writable() noexcept {
  if (broken_) return;
  const std::shared_ptr<Connection> self = shared_from_this();
  flush();
  // libpq reads where the socket takes no more, and no event tells of that.
  take_results();
}

void Connection::on_readable() noexcept {
  const std::shared_ptr<Connection> self = shared_from_this();
  PGconn* const connection = connected_.connection.get();
  // Rows are taken in between, so that libpq does not hold what a fast server sends.
  bool alive = true;
  int reads = 0;
  do {
    alive = PQconsumeInput(connection) == 1;
    take_results();
    if (broken_) return;
  } while (alive && has_read_ahead(connection) && ++reads < kReadsInARow);
  if (reads == kReadsInARow) {
    loop_.post([weak = weak_from_this()] {
      const std::shared_ptr<Connection> kept = weak.lock();
      if (kept != nullptr && !kept->broken_) kept->on_readable();
    });
    return;
  }
  if (!alive || PQstatus(connected_.connection.get()) == CONNECTION_BAD) {
    break_off(PQerrorMessage(connected_.connection.get()));
    return;
  }
  flush();
  // The server has answered all, and one read takes more than what it says unasked.
  if (sent_.empty()) readiness_->drained();
  readiness_->want_read();
}

void Connection::take_results() {
  PGconn* const connection = connected_.connection.get();
  // Also where nobody waits: it reads notices.
  while (!broken_ && PQisBusy(connection) == 0 && !sent_.empty()) {
    const PgResult result(PQgetResult(connection));
    if (result != nullptr) {
      take(result);
      continue;
    }
    // Nothing more to come, as of a connection that is lost.
    if (PQstatus(connection) == CONNECTION_BAD) return;
    ++step_;
    begin_step();
  }
}

void Connection::take(const PgResult& result) {
  Job& job = *sent_.front().job;
  switch (PQresultStatus(result.get())) {
    case PGRES_SINGLE_TUPLE:
      return take_rows(result.get());
    case PGRES_TUPLES_OK:
      take_rows(result.get());
      return take_outcome(result.get());
    case PGRES_COMMAND_OK:
      return take_outcome(result.get());
    case PGRES_EMPTY_QUERY:
      if (job.status.ok()) job.status = invalid_argument("the statement is empty");
      return;
    case PGRES_PIPELINE_ABORTED:
      return;  // what follows an error in the same job
    case PGRES_PIPELINE_SYNC:
      return end_head();
    case PGRES_FATAL_ERROR:
    case PGRES_BAD_RESPONSE:
      return take_error(result.get());
    default:
      // COPY: libpq cannot leave it in pipeline mode.
      job.status = invalid_argument("COPY is not for run()");
      break_off("COPY was begun by run()");
  }
}

void Connection::take_rows(const PGresult* result) {
  Job& job = *sent_.front().job;
  if (!job.status.ok()) return;
  if (job.names == nullptr && PQnfields(result) > 0) job.names = names_of(result);
  add_rows(result, job.cells);
  if (job.cells.memory() <= options_.max_result_bytes) return;
  job.status =
      resource_exhausted("the result takes more than " + std::to_string(options_.max_result_bytes) +
                         " bytes (Options::max_result_bytes)");
  job.cells = {};
  job.abandoned = true;
  cancel_head();
}

void Connection::take_outcome(const PGresult* result) {
  const Sent& sent = sent_.front();
  const std::size_t before = static_cast<std::size_t>(sent.deallocates) + (sent.prepares ? 1 : 0);
  if (step_ < before) return;
  auto* const changing = const_cast<PGresult*>(result);  // libpq's functions do not change it
  sent.job->changed += changed_rows(changing);
  // A transaction in which something has failed ends so without an error.
  if (sent.job->kind == Job::Kind::Control && sent.job->statement.text() != "ROLLBACK" &&
      std::string_view(PQcmdStatus(changing)) == "ROLLBACK") {
    sent.job->status =
        error_with("25P02", "a statement of the transaction has failed: it was rolled back");
  }
}

void Connection::take_error(const PGresult* result) {
  const Sent& sent = sent_.front();
  if (!sent.job->status.ok()) return;
  const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  // Said by libpq: break_off() knows more of what that means.
  if (state == nullptr && PQstatus(connected_.connection.get()) == CONNECTION_BAD) return;
  head_state_ = state == nullptr ? "" : state;
  head_plan_changed_ = says_plan_changed(result);
  sent.job->status = error_of(result);
  const std::size_t before = static_cast<std::size_t>(sent.deallocates) + (sent.prepares ? 1 : 0);
  if (step_ < before || head_state_ == kUnknownStatement || head_plan_changed_) {
    names_.remove(sent.job->statement.text(), sent.name);
  }
}

void Connection::begin_head() {
  step_ = 0;
  head_state_.clear();
  head_plan_changed_ = false;
  if (sent_.empty()) {
    idle_since_ = loop_.now();
    if (!cancelling_) cancel_sent_ = false;
    return;
  }
  head_since_ = loop_.now();
  begin_step();
  if (head_is_abandoned()) cancel_head();
}

void Connection::begin_step() {
  const Sent& sent = sent_.front();
  const std::size_t before = static_cast<std::size_t>(sent.deallocates) + (sent.prepares ? 1 : 0);
  // So that a large result is counted while it comes, and can be given up.
  if (step_ >= before && sent.job->kind == Job::Kind::Statement) {
    PQsetSingleRowMode(connected_.connection.get());
  }
}

void Connection::end_head() {
  Sent ended = std::move(sent_.front());
  const bool repeat = is_to_be_repeated(ended);
  sent_.pop_front();
  begin_head();
  if (!cancelling_ && !head_is_abandoned()) Timer::cancel();
  if (repeat) {
    ended.job->repeated = true;
    ended.job->connection = nullptr;
    ended.job->status = {};
    ended.job->names = nullptr;
    ended.job->cells = {};
    ended.job->changed = 0;
    owner_.on_repeat(std::move(ended.job));
  } else {
    const Status status = ended.job->status;
    ended.job->end(status);
  }
  owner_.on_room(*this);
}

/// What has had no effect, and was not refused for what it is.
bool Connection::is_to_be_repeated(const Sent& sent) const {
  const Job& job = *sent.job;
  if (job.status.ok() || job.sharing != Job::Sharing::Pipelined || job.repeated || job.abandoned) {
    return false;
  }
  const bool hit_by_mistake = cancel_sent_ && head_state_ == kCancelledState;
  const bool prepared_no_more = head_state_ == kUnknownStatement || head_plan_changed_;
  return hit_by_mistake || (prepared_no_more && !sent.prepares);
}

// ---- The end -----------------------------------------------------------------------------------

void Connection::close(std::string_view reason) noexcept { break_off(reason); }

void Connection::break_off(std::string_view reason) noexcept {
  if (std::exchange(broken_, true)) return;
  const std::shared_ptr<Connection> self = shared_from_this();
  const std::string text =
      connected_.server + ": " + std::string(trimmed(reason.substr(0, reason.find('\n'))));
  Timer::cancel();
  canceller_.reset();
  readiness_.reset();
  connected_.connection.reset();
  for (const Sent& sent : std::exchange(sent_, {})) end_lost(*sent.job, text);
  for (JobPtr& job : std::exchange(held_, {})) {
    if (job->sharing == Job::Sharing::Pipelined && !job->abandoned) {
      job->connection = nullptr;
      owner_.on_repeat(std::move(job));
    } else {
      job->end(error_with(kConnectionFailure, text));
    }
  }
  owner_.on_broken(*this);
}

void Connection::end_lost(Job& job, std::string_view reason) const {
  // A server that ends while it commits may say why before it is known what became of it.
  const bool unknown =
      job.lost == Job::Lost::OutcomeUnknown && (job.status.ok() || job.kind == Job::Kind::Control);
  if (unknown) {
    job.end(
        error_with(kOutcomeUnknown,
                   std::string(reason) + "; it is not known whether the statement had an effect"));
  } else if (job.status.ok()) {
    job.end(error_with(kConnectionFailure, reason));
  } else {
    const Status status = job.status;
    job.end(status);
  }
}

}  // namespace weft::postgres
